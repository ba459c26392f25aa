import { asPlain, openPicture, type Picture } from './decode.js';
import { LINEAR, resample } from './resample.js';

/** Seen through transparent parts: neither a light nor a dark subject vanishes before it. */
const MID_GREY = { r: 128, g: 128, b: 128 };

/**
 * The picture as the model sees it: stretched to side x side, RGB interleaved, side x side x 3 bytes in a buffer of
 * its own that may be moved to another thread. It is made smaller with Lanczos, as rembg does for IS-Net, and larger
 * with straight lines, as the network's authors do.
 */
export async function toModelInput(picture: Picture, side: number): Promise<Uint8Array<ArrayBuffer>> {
  const opaque =
    picture.channels === 4 ? openPicture(picture).flatten({ background: MID_GREY }) : openPicture(picture);
  const width = Math.min(picture.width, side);
  const height = Math.min(picture.height, side);
  const data = await opaque.resize(width, height, { fit: 'fill', kernel: 'lanczos3' }).raw().toBuffer();
  // sharp's memory is not V8's: postMessage would copy it without a word where it was told to move it.
  if (width === side && height === side) return new Uint8Array(data);
  return resample({ data: asPlain(data), width, height }, 3, side, side, LINEAR).data;
}
