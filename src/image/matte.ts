import type { Extent } from './png/deflate.js';
import { resample } from './resample.js';

/** One channel: 0 = background, 255 = subject; rows from the top. */
export interface Matte {
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /**
   * Where known: for each row the first pixel that may be above 0, and the one behind the last, [from, to, ...].
   * What is outside need not be looked at.
   */
  readonly extents?: Int32Array;
}

/** The model's matte brought to the size of the picture. */
export function resizeMatte(matte: Matte, width: number, height: number): Matte {
  return { ...resample(matte, 1, width, height), width, height };
}

/** The pixels of a row that may be above 0. */
export function extentOf({ width, extents }: Matte, y: number): Extent {
  if (extents === undefined) return { from: 0, to: width };
  return { from: extents[2 * y] as number, to: extents[2 * y + 1] as number };
}
