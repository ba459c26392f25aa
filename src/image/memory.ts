import { layOut } from './compose/layout.js';
import { refiningMemory } from './edges/refine-edges.js';
import { type Size, wholeOf } from './geometry.js';
import type { PictureFormat, PictureOptions } from './options.js';

// Bytes a pixel, rounded up from the peak resident memory of pictures of 12 megapixels, smooth and noisy.
/** What an encoder holds beside its input, output included: PNG its pieces and then the whole, the others planes. */
const ENCODER_BYTES: Readonly<Record<PictureFormat, number>> = { png: 8, webp: 30, avif: 52, jpg: 3 };
/** The same of masks, which go through libvips in PNG as well. */
const MASK_ENCODER_BYTES: Readonly<Record<PictureFormat, number>> = { png: 2, webp: 6, avif: 27, jpg: 2 };
/** The matte at full size; a mask. */
const GREY_BYTES = 1;
/** PNG is composed a row at a time; what goes to libvips, or comes from it, is there as a whole. */
const RGBA_BYTES = 4;
/** The PNG through which metadata reaches libvips, and what decoding it takes. */
const CONTAINER_BYTES = 9;
/** With 16 bits a channel: the picture once more, and the cut-out. */
const DEEP_BYTES = 16;
const DEEP_RGBA_BYTES = 8;
/** Two planes of 16 bits, of the subject's box and where the blur carries it. */
const SHADOW_BYTES = 5;

/**
 * Peak bytes from the matte to the encoded files, the picture (of `channels` bytes a pixel) included. The subject's box
 * is not known yet: it may be the whole picture.
 */
export function composingMemory(picture: Size, channels: number, options: PictureOptions): number {
  const pixels = picture.width * picture.height;
  const mattes = options.region === undefined ? GREY_BYTES : 2 * GREY_BYTES;
  const mask = options.output === 'cutout' ? 0 : maskMemory(picture, options);
  const cutout = options.output === 'mask' ? 0 : cutoutMemory(picture, options);
  return pixels * (channels + mattes) + Math.max(refiningMemory(picture), mask, cutout);
}

/** What all frames of an animation are, and their mattes; what they become, with its copy in libvips and the file. */
const FRAME_BYTES = 6;
const FRAME_RESULT_BYTES = 13;

/** Peak bytes of an animation of which all frames are cut out, beside what one of them takes. */
export function animationMemory(picture: Size, frames: number, options: PictureOptions): number {
  const pixels = picture.width * picture.height;
  return frames * (pixels * FRAME_BYTES + mostPixels(picture, options) * FRAME_RESULT_BYTES);
}

function maskMemory(picture: Size, options: PictureOptions): number {
  const format = options.format === 'auto' ? 'png' : options.format;
  // What libvips gives back, and that placed on the canvas.
  const placed = mayBeResized(picture, options) ? 2 * GREY_BYTES : GREY_BYTES;
  // Beside the cut-out that is encoded already, where both are made.
  const former = options.output === 'both' ? RGBA_BYTES : 0;
  return mostPixels(picture, options) * (placed + MASK_ENCODER_BYTES[format] + former);
}

function cutoutMemory(picture: Size, options: PictureOptions): number {
  const { background, shadow, metadata, profile } = options;
  const pixels = picture.width * picture.height;
  const canvas = mostPixels(picture, options);
  const isResized = mayBeResized(picture, options);
  const format = options.format === 'auto' ? (background.kind === 'none' ? 'png' : 'jpg') : options.format;

  let bytes = 0;
  if (options.depth === 16) bytes += pixels * DEEP_BYTES + (isResized ? canvas * DEEP_RGBA_BYTES : 0);
  if (shadow !== undefined) bytes += pixels * SHADOW_BYTES;
  if (isResized) bytes += (pixels + canvas) * RGBA_BYTES;
  if (background.kind === 'image') bytes += canvas * RGBA_BYTES;
  if (format === 'png') {
    // What is around the picture is plain, and takes next to nothing.
    const isPlainAround = background.kind !== 'image' && !isResized;
    return bytes + (isPlainAround ? Math.min(pixels, canvas) : canvas) * ENCODER_BYTES.png;
  }
  const isEmbedded = metadata === 'keep' || profile === 'keep';
  return bytes + canvas * (ENCODER_BYTES[format] + (isEmbedded ? CONTAINER_BYTES : RGBA_BYTES));
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
