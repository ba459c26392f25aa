import type { Picture } from './decode.js';
import { extentOf, type Matte } from './matte.js';

/** Where the picture has an alpha of its own, multiplies the matte by it, in place: what was transparent stays so. */
export function applyOwnAlpha(picture: Picture, matte: Matte): void {
  if (picture.channels !== 4) return;
  const { data: rgba } = picture;
  const { data, width, height } = matte;
  for (let y = 0; y < height; y++) {
    const { from, to } = extentOf(matte, y);
    for (let at = y * width + from, alpha = 4 * at + 3, end = y * width + to; at < end; at++, alpha += 4) {
      data[at] = product(data[at] as number, rgba[alpha] as number);
    }
  }
}

/** Of two values where 255 stands for 1, rounded. */
function product(one: number, other: number): number {
  const scaled = one * other + 128;
  return (scaled + (scaled >> 8)) >> 8;
}
