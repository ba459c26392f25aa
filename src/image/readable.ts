import sharp from 'sharp';
import { readHeif } from './heif/read-heif.js';
import { toImageError } from './sharp-errors.js';
import { sniffFormat } from './sniff.js';

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
 * A file that libvips can read: the file as it is, or of HEIC, of which it knows only the header, the picture as a TIFF.
 * Throws what readHeif throws.
 */
export async function toReadable(file: Uint8Array): Promise<Uint8Array> {
  if (!isMediaContainer(file) || (await sniffFormat(file)) !== 'heic') return file;
  const { width, height } = await sharp(file, { limitInputPixels: false }).metadata().catch(toImageError);
  const pixels = width * height;
  return await readHeif(file, {
    memory: HEIC_FIXED_BYTES + 2 * file.length + HEIC_DECODER_BYTES * pixels,
    milliseconds: HEIC_FIXED_MS + (HEIC_MS_PER_MEGAPIXEL * pixels) / 1e6,
  });
}

/** Whether it may be HEIC at all (ISO/IEC 14496-12: a box `ftyp` comes first): spares the others a closer look. */
function isMediaContainer(file: Uint8Array): boolean {
  return Buffer.from(file.subarray(4, 8)).toString('latin1') === 'ftyp';
}
