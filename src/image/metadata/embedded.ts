import { readHeader } from '../header.js';
import type { PictureOptions } from '../options.js';
import { cleanExif } from './exif.js';

/** What goes into the file of a result beside its pixels. */
export interface Embedded {
  /** The profile that the colours are in; without one they are sRGB. */
  readonly icc?: Uint8Array | undefined;
  /** From its byte order mark on. */
  readonly exif?: Uint8Array | undefined;
  readonly xmp?: string | undefined;
}

/**
 * What the result of an image keeps of what the file says about it. A profile is kept where it is one of RGB, and the
 * colours are the picture's alone: those of a background are sRGB, and so is a picture before one. Throws IMAGE_CORRUPT.
 */
export async function readEmbedded(
  bytes: Uint8Array,
  { metadata, profile, background }: Pick<PictureOptions, 'metadata' | 'profile' | 'background'>,
): Promise<Embedded> {
  const keepsProfile = profile === 'keep' && background.kind === 'none';
  if (metadata === 'strip' && !keepsProfile) return {};
  const { icc, exif, xmp } = await readHeader(bytes);
  return {
    icc: keepsProfile && icc !== undefined && isOfRgb(icc) ? icc : undefined,
    exif: metadata === 'keep' && exif !== undefined ? cleanExif(exif) : undefined,
    xmp: metadata === 'keep' && xmp !== undefined ? await clean(xmp) : undefined,
  };
}

/** The parser of XML comes when it is wanted: what a thread holds its garbage collector goes through, several times a second. */
async function clean(xmp: Uint8Array): Promise<string | undefined> {
  const { cleanXmp } = await import('./xmp.js');
  return cleanXmp(xmp);
}

/** The colour space that a profile is for (ICC.1:2022, 7.2.8). */
function isOfRgb(icc: Buffer): boolean {
  return icc.toString('latin1', 16, 20) === 'RGB ';
}
