import { ClearcutError } from '../errors.js';
import { type Box, boxBetween, isWhole, pixelsOfLength, type Size, wholeOf } from './geometry.js';
import type { Matte } from './matte.js';
import type { Region } from './options.js';

/**
 * The pixels of a picture that a region is, cut off at its borders. Throws OPTIONS_INVALID where nothing of the
 * picture is in it.
 */
export function regionBox(region: Region | undefined, { width, height }: Size): Box {
  if (region === undefined) return wholeOf({ width, height });
  const [left, right] = [region.left, region.right].map((edge) => edgeOf(edge, width)) as [number, number];
  const [top, bottom] = [region.top, region.bottom].map((edge) => edgeOf(edge, height)) as [number, number];
  if (left >= right || top >= bottom) {
    throw new ClearcutError(
      'OPTIONS_INVALID',
      `The region from ${left}, ${top} to ${right}, ${bottom} has no pixel of the picture of ${width} x ${height}.`,
      { remedy: 'Give its top left corner first, then its bottom right one, within the picture.' },
    );
  }
  return boxBetween(left, top, right, bottom);
}

function edgeOf(edge: Region['left'], side: number): number {
  return Math.min(Math.max(0, pixelsOfLength(edge, side)), side);
}

/** The matte of a region as one of the whole picture: all around it is background. */
export function placeInPicture(matte: Matte, region: Box, { width, height }: Size): Matte {
  if (isWhole(region, { width, height })) return matte;
  const data = new Uint8Array(width * height);
  const extents = new Int32Array(2 * height);
  for (let y = 0; y < region.height; y++) {
    const from = matte.extents?.[2 * y] ?? 0;
    const to = matte.extents?.[2 * y + 1] ?? region.width;
    const row = y * region.width;
    const place = (region.top + y) * width + region.left;
    data.set(matte.data.subarray(row + from, row + to), place + from);
    extents[2 * (region.top + y)] = region.left + from;
    extents[2 * (region.top + y) + 1] = region.left + to;
  }
  return { data, width, height, extents };
}
