import { asPlain, openPicture, type Picture } from './decode.js';
import { type Box, isWhole, wholeOf } from './geometry.js';
import { LINEAR, resample } from './resample.js';

/** Seen through transparent parts: neither a light nor a dark subject vanishes before it. */
const MID_GREY = { r: 128, g: 128, b: 128 };

/** How a picture is brought to the model's square. */
export interface Framing {
  /** `stretch`: both sides to the model's. `letterbox`: the longer one to it, in the middle of a padding. */
  readonly resize: 'stretch' | 'letterbox';
  /** Grey level of the padding, 0..255. */
  readonly padding: number;
  /** Of making smaller. Larger, pictures are made with straight lines, as the networks' authors do. */
  readonly kernel: 'lanczos3' | 'linear';
}

/** As rembg does for IS-Net. */
const STRETCHED: Framing = { resize: 'stretch', padding: 0, kernel: 'lanczos3' };

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The picture, or a region of it, as the model sees it: RGB interleaved, side x side x 3 bytes in a buffer of its own that
 * may be moved to another thread.
 */
export async function toModelInput(
  picture: Picture,
  side: number,
  framing: Framing = STRETCHED,
  region: Box = wholeOf(picture),
): Promise<Uint8Array<ArrayBuffer>> {
  const whole = openPicture(picture);
  const seen = isWhole(region, picture) ? whole : whole.extract(region);
  const opaque = picture.channels === 4 ? seen.flatten({ background: MID_GREY }) : seen;
  const box = boxOf(region, side, framing);
  const width = Math.min(region.width, box.width);
  const height = Math.min(region.height, box.height);
  const smaller = opaque.resize(width, height, { fit: 'fill', kernel: framing.kernel });
  const data = await smaller.raw().toBuffer();
  // sharp's memory is not V8's: postMessage would copy it without a word where it was told to move it. What its
  // toUint8Array() gives is, but that never frees its own copy (version 0.35.5).
  if (width === side && height === side) return new Uint8Array(data);
  const content = resample({ data: asPlain(data), width, height }, 3, box.width, box.height, LINEAR).data;
  return framing.resize === 'stretch' ? content : pad(content, box, side, framing.padding);
}

/**
 * The part of a square matte that shows the picture (or its region): all of it, or without the padding. `matte` has any
 * side, and one channel.
 */
export function cropPadding(
  matte: { readonly data: Uint8Array; readonly side: number },
  picture: Size,
  framing: Framing = STRETCHED,
): Size & { readonly data: Uint8Array } {
  const { data, side } = matte;
  if (framing.resize === 'stretch') return { data, width: side, height: side };
  const { left, top, width, height } = boxOf(picture, side, framing);
  const cropped = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * side + left;
    cropped.set(data.subarray(from, from + width), y * width);
  }
  return { data: cropped, width, height };
}

/** What the model's square shows of the picture, in pixels of the picture: the region, or a square with it in its middle. */
export function squareAround(region: Box, { resize }: Framing = STRETCHED): Box {
  if (resize === 'stretch') return region;
  const side = Math.max(region.width, region.height);
  const { left, top } = boxOf(region, side, { ...STRETCHED, resize });
  return { left: region.left - left, top: region.top - top, width: side, height: side };
}

/** Where in a square of this side the picture is. */
function boxOf(picture: Size, side: number, { resize }: Framing): Size & { left: number; top: number } {
  if (resize === 'stretch') return { left: 0, top: 0, width: side, height: side };
  const longer = Math.max(picture.width, picture.height);
  const width = Math.max(1, Math.round((picture.width * side) / longer));
  const height = Math.max(1, Math.round((picture.height * side) / longer));
  return { left: Math.floor((side - width) / 2), top: Math.floor((side - height) / 2), width, height };
}

function pad(
  content: Uint8Array,
  { left, top, width, height }: ReturnType<typeof boxOf>,
  side: number,
  padding: number,
): Uint8Array<ArrayBuffer> {
  const square = new Uint8Array(side * side * 3).fill(padding);
  for (let y = 0; y < height; y++) {
    const row = content.subarray(y * width * 3, (y + 1) * width * 3);
    square.set(row, ((top + y) * side + left) * 3);
  }
  return square;
}
