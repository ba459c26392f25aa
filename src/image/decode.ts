import sharp, { type Sharp } from 'sharp';
import { messageOf } from '../errors.js';
import { readHeader } from './header.js';
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
 * whole one. Throws FORMAT_UNSUPPORTED for a kind of its format that libvips does not know.
 */
export async function decode(bytes: Uint8Array, options: ColourOptions = {}): Promise<Picture> {
  const { data, info } = await readAsSrgb(bytes, options, (source) =>
    source.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  );
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

/**
 * Lets `read` read an image file in libvips' own threads: upright, in sRGB. It may be asked twice, and only its last
 * result counts. Throws IMAGE_CORRUPT, FORMAT_UNSUPPORTED, and what readHeif throws.
 */
export async function readAsSrgb<Result>(
  bytes: Uint8Array,
  options: ColourOptions,
  read: (source: Sharp) => Promise<Result>,
): Promise<Result> {
  const file = await toReadable(bytes);
  const { format, space, hasProfile } = await readHeader(file);
  // sharp brings 16-bit pictures with a profile to Display P3, not to sRGB, so those need one more transform.
  const isLeftInP3 = space === 'rgb16' && hasProfile && options.keepsProfile !== true;
  const attempt = (failOn: FailOn) => read(open(file, failOn, isLeftInP3, options)).catch(toImageError);

  // Of TIFF, missing and unreadable parts are errors, and would be black.
  if (format === 'tiff') return await attempt('error');
  if (format !== 'jpeg') return await attempt('truncated');
  try {
    // A JPEG that was cut and then closed again, or has fewer rows than it says, is told by a warning alone.
    return await attempt('warning');
  } catch (error) {
    if (messageOf(error).includes('premature end')) throw error;
    // All else that is warned of leaves a whole picture: a profile that cannot be read, bytes between the segments.
    return await attempt('truncated');
  }
}

type FailOn = 'truncated' | 'error' | 'warning';

function open(
  file: Uint8Array,
  failOn: FailOn,
  isLeftInP3: boolean,
  { keepsProfile = false }: ColourOptions,
): Sharp {
  // inspect() has held the size against the limits of the configuration already.
  const source = sharp(file, {
    failOn,
    limitInputPixels: false,
    sequentialRead: true,
    ignoreIcc: keepsProfile,
  });
  return (isLeftInP3 ? source.withIccProfile('srgb') : source).autoOrient().toColourspace('srgb');
}
