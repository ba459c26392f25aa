import sharp from 'sharp';
import { toClearcutError } from '../errors.js';
import type { ColourPicture } from './colour-error.js';
import type { Plane } from './plane.js';

/** A mask, a matte or a cut-out: what of it is subject, and its colours with its alpha. */
export interface MaskPicture {
  readonly mask: Plane;
  readonly colours: ColourPicture;
  /** Whether `mask` is the alpha of the colours. */
  readonly isCutout: boolean;
}

/**
 * Reads an image file's bytes, turned as EXIF says, as 8-bit sRGB. The mask is the alpha of a cut-out, else the grey;
 * unless said otherwise, a picture of which anything is transparent is a cut-out. Throws IMAGE_CORRUPT where the bytes are
 * no picture.
 */
export async function readMask(bytes: Uint8Array, kind?: 'cutout'): Promise<MaskPicture> {
  const { data, info } = await sharp(bytes, { limitInputPixels: false, failOn: 'truncated' })
    .autoOrient()
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error) => {
      throw toClearcutError(error, 'IMAGE_CORRUPT');
    });
  const { width, height } = info;
  const alpha = channelOf(data, 3);
  const isCutout = kind === 'cutout' || alpha.some((level) => level < 255);
  // Masks are grey: any of the three colours will do.
  const mask = isCutout ? alpha : channelOf(data, 1);
  return { mask: { data: mask, width, height }, colours: { data, width, height }, isCutout };
}

function channelOf(rgba: Uint8Array, channel: number): Uint8Array {
  const plane = new Uint8Array(rgba.length / 4);
  for (let at = 0; at < plane.length; at++) plane[at] = rgba[4 * at + channel] as number;
  return plane;
}
