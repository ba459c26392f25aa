import { asPlain, openPicture, type Picture } from './decode.js';
import { type Box, isWhole, wholeOf } from './geometry.js';
import { LINEAR, resample } from './resample.js';

/** Seen through transparent parts: neither a light nor a dark subject vanishes before it. */
const MID_GREY = { r: 128, g: 128, b: 128 };

/**
 * The picture, or a region of it, as the model sees it: stretched to side x side, RGB interleaved, side x side x 3 bytes
 * in a buffer of its own that may be moved to another thread. It is made smaller with Lanczos, as rembg does for IS-Net,
 * and larger with straight lines, as the network's authors do.
 */
export async function toModelInput(
  picture: Picture,
  side: number,
  region: Box = wholeOf(picture),
): Promise<Uint8Array<ArrayBuffer>> {
  const whole = openPicture(picture);
  const seen = isWhole(region, picture) ? whole : whole.extract(region);
  const opaque = picture.channels === 4 ? seen.flatten({ background: MID_GREY }) : seen;
  const width = Math.min(region.width, side);
  const height = Math.min(region.height, side);
  const data = await opaque.resize(width, height, { fit: 'fill', kernel: 'lanczos3' }).raw().toBuffer();
  // sharp's memory is not V8's: postMessage would copy it without a word where it was told to move it.
  if (width === side && height === side) return new Uint8Array(data);
  return resample({ data: asPlain(data), width, height }, 3, side, side, LINEAR).data;
}
