import { type Box, boxBetween } from '../geometry.js';
import { extentOf, type Matte } from '../matte.js';

/** The least alpha that counts, about a twentieth: what models leave of a background is fainter. */
const LEAST_ALPHA = 13;

/** The smallest box around all that can be seen of the subject; undefined where nothing can. */
export function findSubject(matte: Matte): Box | undefined {
  const { width, height } = matte;
  let top = 0;
  while (top < height && firstIn(matte, top, width) === width) top++;
  if (top === height) return undefined;
  let bottom = height;
  while (firstIn(matte, bottom - 1, width) === width) bottom--;

  let left = width;
  let right = 0;
  // What lies between the edges that were found already need not be looked at.
  for (let y = top; y < bottom; y++) {
    left = Math.min(left, firstIn(matte, y, left));
    right = Math.max(right, endIn(matte, y, right));
  }
  return boxBetween(left, top, right, bottom);
}

/** The first pixel of the row that counts, or `limit` where none is before it. */
function firstIn(matte: Matte, y: number, limit: number): number {
  const { data, width } = matte;
  const { from, to } = extentOf(matte, y);
  const end = y * width + Math.min(to, limit);
  for (let at = y * width + from; at < end; at++)
    if ((data[at] as number) >= LEAST_ALPHA) return at - y * width;
  return limit;
}

/** One behind the last pixel of the row that counts, or `limit` where none is behind it. */
function endIn(matte: Matte, y: number, limit: number): number {
  const { data, width } = matte;
  const { from, to } = extentOf(matte, y);
  const end = y * width + Math.max(from, limit);
  for (let at = y * width + to - 1; at >= end; at--) {
    if ((data[at] as number) >= LEAST_ALPHA) return at - y * width + 1;
  }
  return limit;
}
