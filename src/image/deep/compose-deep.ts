import type { Cutout } from '../compose.js';
import type { Picture } from '../decode.js';
import { extentOf, type Matte } from '../matte.js';
import type { DeepPicture } from './decode-deep.js';
import type { DeepCutout } from './place-deep.js';

/** Of 16 bits, what one step of 8 bits is. */
const STEP = 257;
const FULL = 65_535;

/**
 * The cut-out with the colours of 16 bits under the matte. At the edges they are moved as far as those of 8 bits were when
 * the background was taken out of them (`picture` is what has become of those).
 */
export function composeDeep(deep: DeepPicture, picture: Picture, matte: Matte): DeepCutout {
  const { width, height } = matte;
  const data = new Uint16Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const { from, to } = extentOf(matte, y);
    for (let at = y * width + from, end = y * width + to; at < end; at++) {
      const level = matte.data[at] as number;
      if (level === 0) continue;
      for (let channel = 0; channel < 3; channel++) {
        const colour = deep.data[at * deep.channels + channel] as number;
        const change = (picture.data[at * picture.channels + channel] as number) - (colour >> 8);
        data[at * 4 + channel] = level === 255 ? colour : Math.min(Math.max(colour + STEP * change, 0), FULL);
      }
      data[at * 4 + 3] = level * STEP;
    }
  }
  return { data, width, height };
}

/** Puts what lies below it, of 8 bits and the same size, behind a cut-out, in place; as over() of blend.ts does. */
export function putBehind({ data, width, height }: DeepCutout, lower: Cutout): void {
  const row = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    const { from, to } = lower.readRow(y, row);
    for (let x = from; x < to; x++) {
      const pixel = row[x] as number;
      const at = (y * width + x) * 4;
      const share = (data[at + 3] as number) / FULL;
      const rest = ((pixel >>> 24) / 255) * (1 - share);
      const all = share + rest;
      if (rest === 0) continue;
      for (let channel = 0; channel < 3; channel++) {
        const below = ((pixel >>> (8 * channel)) & 255) * STEP;
        data[at + channel] = Math.round(((data[at + channel] as number) * share + below * rest) / all);
      }
      data[at + 3] = Math.round(all * FULL);
    }
  }
}
