import { layOut } from './compose/layout.js';
import { type Size, wholeOf } from './geometry.js';
import type { PictureFormat, PictureOptions } from './options.js';

// Bytes a pixel, rounded up from the peak resident memory of pictures of 12 megapixels, smooth and noisy.
/** What an encoder holds beside its input, output included: PNG its pieces and then the whole, WebP its planes. */
const ENCODER_BYTES: Readonly<Record<PictureFormat, number>> = { png: 8, webp: 30, avif: 30, jpg: 8 };
/** The matte at full size; a mask. */
const GREY_BYTES = 1;
/** PNG is composed a row at a time; what goes to libvips, or comes from it, is there as a whole. */
const RGBA_BYTES = 4;
/** Two planes of 16 bits, of the subject's box and where the blur carries it. */
const SHADOW_BYTES = 5;

/**
 * Peak bytes from the matte to the encoded files, the picture (of `channels` bytes a pixel) included. The subject's box
 * is not known yet: it may be the whole picture.
 */
export function composingMemory(picture: Size, channels: number, options: PictureOptions): number {
  const { output, background, region, shadow, metadata, profile } = options;
  const canvas = mostPixels(picture, options);
  const isResized = mayBeResized(picture, options);
  const format = options.format === 'auto' ? (background.kind === 'none' ? 'png' : 'jpg') : options.format;

  let perPixel = channels + GREY_BYTES;
  if (region !== undefined) perPixel += GREY_BYTES;
  if (output === 'mask') {
    const placed = GREY_BYTES * (isResized ? 2 : 1);
    return picture.width * picture.height * perPixel + canvas * (placed + ENCODER_BYTES[format]);
  }
  let perCanvasPixel = ENCODER_BYTES[format];
  if (shadow !== undefined) perPixel += SHADOW_BYTES;
  if (isResized) {
    perPixel += RGBA_BYTES;
    perCanvasPixel += RGBA_BYTES;
  }
  if (background.kind === 'image') perCanvasPixel += RGBA_BYTES;
  if (format !== 'png') {
    const isEmbedded = metadata === 'keep' || profile === 'keep';
    perCanvasPixel += isEmbedded ? ENCODER_BYTES.png : RGBA_BYTES;
  }
  return picture.width * picture.height * perPixel + canvas * perCanvasPixel;
}

/** The pixels of the largest canvas that the result may have. */
function mostPixels(picture: Size, options: PictureOptions): number {
  const { width, height } = layOut(picture, wholeOf(picture), options);
  if (options.crop === undefined || options.maxSide === 0) return width * height;
  // A smaller box of another shape may fill more of the square that maxSide allows.
  const whole = layOut(picture, wholeOf(picture), { ...options, maxSide: 0 });
  return Math.min(whole.width * whole.height, options.maxSide ** 2);
}

function mayBeResized(picture: Size, options: PictureOptions): boolean {
  const { scale, canvas, maxSide } = options;
  if (scale !== undefined || canvas !== undefined) return true;
  const { width, height } = layOut(picture, wholeOf(picture), { ...options, maxSide: 0 });
  return maxSide !== 0 && maxSide < Math.max(width, height);
}
