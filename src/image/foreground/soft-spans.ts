import { type Box, boxBetween } from '../geometry.js';
import { extentOf, type Matte } from '../matte.js';

const WHOLE = 255;

/** Where pixels are that are neither wholly subject nor wholly background. */
export interface SoftSpans {
  /** For each row the first of them, and the place behind the last, [from, to, ...]; 0 and 0 where there is none. */
  readonly spans: Int32Array;
  /** Around all of them. */
  readonly box: Box;
}

/** Undefined where there is none at all. */
export function softSpans(matte: Matte): SoftSpans | undefined {
  const { data, width, height } = matte;
  const spans = new Int32Array(2 * height);
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let { from, to } = extentOf(matte, y);
    while (from < to && isCertain(data[row + from] as number)) from += 1;
    if (from >= to) continue;
    while (isCertain(data[row + to - 1] as number)) to -= 1;
    spans[2 * y] = from;
    spans[2 * y + 1] = to;
    left = Math.min(left, from);
    right = Math.max(right, to);
    top = Math.min(top, y);
    bottom = y + 1;
  }
  return bottom === 0 ? undefined : { spans, box: boxBetween(left, top, right, bottom) };
}

function isCertain(level: number): boolean {
  return level === 0 || level === WHOLE;
}
