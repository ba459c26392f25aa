import sharp from 'sharp';
import { profileOfCicp } from './color/cicp.js';
import { readHeader } from './header.js';
import { cicpOf, isAvif, isMediaContainer, withKnownBrand } from './heif/boxes.js';
import { readHeif } from './heif/read-heif.js';
import { isPng, withProfileOfCicp } from './png/cicp-chunk.js';
import { toImageError } from './sharp-errors.js';
import { layOutTiff } from './tiff/raw-tiff.js';

const MiB = 1024 * 1024;

/**
 * Bytes that the decoder of HEIC holds for a pixel, its result included: measured on pictures of 12 megapixels, of which
 * 10 bits with alpha, turned, take the most.
 */
export const HEIC_DECODER_BYTES = 44;
/** What it holds whatever the size. */
const HEIC_FIXED_BYTES = 64 * MiB;
/** 12 megapixels take 2 to 6 s of processor time: ten times as long is no honest picture, or a machine that stands still. */
const HEIC_MS_PER_MEGAPIXEL = 5_000;
const HEIC_FIXED_MS = 30_000;

/**
 * A file that libvips can read, colours included. Most are that as they are; of HEIC, of which it knows only the header, the
 * picture is made a TIFF, and so are AVIFs in colours that it would take for sRGB. Throws IMAGE_CORRUPT,
 * FORMAT_UNSUPPORTED, and what readHeif throws.
 */
export async function toReadable(file: Uint8Array): Promise<Uint8Array> {
  if (isPng(file)) return withProfileOfCicp(file);
  if (!isMediaContainer(file)) return file;
  const { width, height, hasProfile } = await readHeader(file);
  if (isAvif(file)) return await withColours(withKnownBrand(file), hasProfile);
  const pixels = width * height;
  return await readHeif(file, {
    memory: HEIC_FIXED_BYTES + 2 * file.length + HEIC_DECODER_BYTES * pixels,
    milliseconds: HEIC_FIXED_MS + (HEIC_MS_PER_MEGAPIXEL * pixels) / 1e6,
  });
}

/** The AVIF, or where its colours are named by code points that are not those of sRGB, a TIFF with a profile of them. */
async function withColours(avif: Uint8Array, hasProfile: boolean): Promise<Uint8Array> {
  const named = hasProfile ? undefined : cicpOf(avif);
  const profile = named && profileOfCicp(named);
  if (profile === undefined) return avif;
  const { data, info } = await sharp(avif, { failOn: 'truncated', limitInputPixels: false })
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
    .catch(toImageError);
  const { width, height } = info;
  const channels = info.channels === 4 ? 4 : 3;
  const { bytes, samples } = layOutTiff({
    width,
    height,
    channels,
    bits: 16,
    isPremultiplied: false,
    profile,
  });
  samples.set(data);
  return bytes;
}
