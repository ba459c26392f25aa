import sharp from 'sharp';
import { ClearcutError } from '../../errors.js';
import type { Size } from '../geometry.js';
import type { Timing } from './read-frames.js';

/** Pixels of a side that WebP has room for. */
const MOST_PIXELS = 16_383;

/**
 * An animated WebP of frames that lie one below the other. Throws OPTIONS_INVALID where they are too large for one.
 */
export async function encodeFrames(
  frames: Uint8Array,
  { width, height, channels }: Size & { readonly channels: 1 | 4 },
  { delay, loop }: Timing,
  quality: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (Math.max(width, height) > MOST_PIXELS) {
    throw new ClearcutError('OPTIONS_INVALID', `Frames of ${width} x ${height} are too large for WebP.`, {
      remedy: 'Choose a smaller longest side.',
    });
  }
  const raw = { width, height: height * delay.length, channels, pageHeight: height };
  const encoded = await sharp(frames, { raw, limitInputPixels: false })
    .webp({ quality, alphaQuality: 100, effort: 0, delay, loop })
    .toBuffer();
  return new Uint8Array(encoded);
}
