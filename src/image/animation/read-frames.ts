import sharp from 'sharp';
import { asPlain, type Picture } from '../decode.js';
import type { Size } from '../geometry.js';
import { toImageError } from '../sharp-errors.js';

/** How an animation runs. */
export interface Timing {
  /** Milliseconds that each frame is shown. */
  readonly delay: number[];
  /** How often it runs; 0 is for ever. */
  readonly loop: number;
}

export interface Frames extends Size {
  /** Each as it is shown, what the file leaves out of it included; all in one buffer, which may be written to. */
  readonly pictures: readonly Picture[];
  readonly timing: Timing;
}

/** All frames of a GIF or WebP, in sRGB. Throws IMAGE_CORRUPT. */
export async function readFrames(bytes: Uint8Array): Promise<Frames> {
  const source = sharp(bytes, { failOn: 'truncated', limitInputPixels: false, pages: -1 });
  const { delay = [], loop = 0, pages = 1 } = await source.metadata().catch(toImageError);
  const { data, info } = await source
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(toImageError);
  const { width } = info;
  const height = info.height / pages;
  const all = asPlain(data);
  const frameBytes = width * height * 4;
  const pictures = Array.from({ length: pages }, (_, index) => ({
    data: all.subarray(index * frameBytes, (index + 1) * frameBytes),
    width,
    height,
    channels: 4 as const,
  }));
  return {
    pictures,
    width,
    height,
    timing: { delay: pictures.map((_, index) => delay[index] ?? 100), loop },
  };
}
