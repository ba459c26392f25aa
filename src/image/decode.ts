import sharp, { type Sharp } from 'sharp';
import { toReadable } from './readable.js';
import { toImageError } from './sharp-errors.js';

/** A picture in memory: 8-bit sRGB, rows from the top, channels interleaved, straight alpha where there are four. */
export interface Picture {
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/** How the colours of a file are read. */
export interface ColourOptions {
  /** Leaves the numbers as they are, in the file's own profile, which must be one of RGB. */
  readonly keepsProfile?: boolean;
}

/**
 * Decodes the first frame at full size, once: turned as EXIF says, its ICC profile (or CMYK, CIELAB, 16-bit, grey)
 * brought to 8-bit sRGB. Throws IMAGE_CORRUPT, also for a file that ends early: half a picture must not pass as a
 * whole one.
 */
export async function decode(bytes: Uint8Array, options: ColourOptions = {}): Promise<Picture> {
  const source = await openAsSrgb(bytes, options);
  const { data, info } = await source
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(toImageError);
  return {
    data: asPlain(data),
    width: info.width,
    height: info.height,
    channels: info.channels === 4 ? 4 : 3,
  };
}

/** The same bytes as no Buffer: loops over both kinds are compiled for both, and slower. */
export function asPlain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** Opens a picture in memory for further work in libvips' own threads. */
export function openPicture({ data, width, height, channels }: Picture): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

/** Opens an image file for work in libvips' own threads: upright, in sRGB. Throws IMAGE_CORRUPT, and what readHeif throws. */
export async function openAsSrgb(
  bytes: Uint8Array,
  { keepsProfile = false }: ColourOptions = {},
): Promise<Sharp> {
  // inspect() has held the size against the limits of the configuration already.
  const source = sharp(await toReadable(bytes), {
    failOn: 'truncated',
    limitInputPixels: false,
    sequentialRead: true,
    ignoreIcc: keepsProfile,
  });
  const header = await source.metadata().catch(toImageError);
  // sharp brings 16-bit pictures with a profile to Display P3, not to sRGB, so those need one more transform.
  const isLeftInP3 = header.space === 'rgb16' && header.hasProfile && !keepsProfile;
  return (isLeftInP3 ? source.withIccProfile('srgb') : source).autoOrient().toColourspace('srgb');
}
