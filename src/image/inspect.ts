import { ClearcutError } from '../errors.js';
import { isAnimatedFormat } from './animation/animated-formats.js';
import { readHeader } from './header.js';
import { animationMemory, composingMemory } from './memory.js';
import type { PictureOptions } from './options.js';
import { HEIC_DECODER_BYTES } from './readable.js';
import { type ImageFormat, sniffFormat } from './sniff.js';
import { refuseUnreadableTiff } from './tiff/refuse-unreadable.js';

/** What a picture may be at most; checked before anything is decoded. */
export interface ImageLimits {
  readonly maxBytes: number;
  /** Width x height of one frame. */
  readonly maxPixels: number;
  readonly maxFrames: number;
}

/** What the header of an image says. */
export interface ImageInfo {
  readonly format: ImageFormat;
  /** Pixels, after the turn that EXIF asks for. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly hasAlpha: boolean;
  /** Whether decoding has to turn or mirror the picture, which needs all of it in memory at once. */
  readonly isTurned: boolean;
}

/**
 * Reads the header and holds it against the limits. Throws IMAGE_EMPTY, IMAGE_TOO_MANY_BYTES, FORMAT_UNSUPPORTED,
 * IMAGE_CORRUPT, IMAGE_TOO_MANY_PIXELS or IMAGE_TOO_MANY_FRAMES.
 */
export async function inspect(bytes: Uint8Array, limits: ImageLimits): Promise<ImageInfo> {
  checkFileSize(bytes.length, limits);
  const format = await sniffFormat(bytes);
  if (format === 'tiff') refuseUnreadableTiff(bytes);
  // The limits below replace sharp's own, whose message has no numbers.
  const header = await readHeader(bytes);
  const { width, height } = header.autoOrient;
  if (!(width > 0 && height > 0)) throw new ClearcutError('IMAGE_CORRUPT', 'The header has no picture size.');

  const pixels = width * height;
  const size = `The picture has ${count(width)} x ${count(height)} = ${count(pixels)} pixels`;
  refuseAbove('IMAGE_TOO_MANY_PIXELS', size, pixels, limits.maxPixels);
  const frames = header.pages ?? 1;
  refuseAbove('IMAGE_TOO_MANY_FRAMES', `The file has ${count(frames)} frames`, frames, limits.maxFrames);
  return {
    format,
    width,
    height,
    frames,
    hasAlpha: header.hasAlpha,
    isTurned: (header.orientation ?? 1) > 1,
  };
}

/** Reserved for the parts that do not grow with the picture: model input and matte, colour fields, codec state. */
const FIXED_BYTES = 48 * 1024 * 1024;

/**
 * What a decoder holds beside the picture: coefficients, interlaced rows, planes (AVIF: 10 bits, turned in there, or laid
 * out anew with the profile of its code points). Bytes a pixel, rounded up from the peak resident memory of pictures of
 * 12 megapixels, smooth and noisy.
 */
const DECODER_BYTES = {
  jpeg: 6,
  png: 8,
  webp: 8,
  avif: 34,
  tiff: 8,
  gif: 8,
  heic: HEIC_DECODER_BYTES,
} as const;

type PictureNeeds = Pick<ImageInfo, 'format' | 'width' | 'height' | 'frames' | 'hasAlpha' | 'isTurned'>;

/**
 * Peak bytes of the whole way of a picture through this folder: while it is decoded (and turned), or while its
 * files are composed and encoded, whichever is more. `background`: what is known of the image behind it, if there is one.
 */
export function estimateMemory(
  info: PictureNeeds,
  options: PictureOptions,
  background?: PictureNeeds,
): number {
  const decoded = info.hasAlpha ? 4 : 3;
  const composing = composingMemory(info, decoded, options);
  // The background is decoded beside the picture, and as small as the canvas needs it.
  const behind = background === undefined ? 0 : DECODER_BYTES[background.format] * pixelsOf(background);
  const behindFile = options.background.kind === 'image' ? options.background.bytes.length : 0;
  const frames = isWantedWhole(info, options) ? animationMemory(info, info.frames, options) : 0;
  return (
    FIXED_BYTES +
    behindFile +
    frames +
    Math.ceil(Math.max(decodingMemory(info, options), composing, behind + decoded * pixelsOf(info)))
  );
}

/** Throws IMAGE_TOO_MANY_PIXELS where all frames together, if all are wanted, are more than one picture may be. */
export function refuseLongAnimation(info: ImageInfo, options: PictureOptions, limits: ImageLimits): void {
  if (!isWantedWhole(info, options)) return;
  const pixels = info.frames * pixelsOf(info);
  const what = `The ${count(info.frames)} frames have ${count(pixels)} pixels together`;
  refuseAbove('IMAGE_TOO_MANY_PIXELS', what, pixels, limits.maxPixels);
}

function isWantedWhole({ format, frames }: PictureNeeds, options: PictureOptions): boolean {
  return options.frames === 'all' && frames > 1 && isAnimatedFormat(format);
}

function decodingMemory(
  { format, width, height, hasAlpha, isTurned }: PictureNeeds,
  options: PictureOptions,
): number {
  const decoded = hasAlpha ? 4 : 3;
  const turns = isTurned ? 2 : 1;
  // With 16 bits a channel it is decoded again, beside what it was with 8, and its matte.
  const most = options.depth === 16 ? 2 * decoded * turns + decoded + 1 : decoded * turns;
  return width * height * (DECODER_BYTES[format] + most);
}

function pixelsOf({ width, height }: PictureNeeds): number {
  return width * height;
}

/** Throws IMAGE_TOO_MANY_BYTES; for files that need not even be read. */
export function checkFileSize(bytes: number, { maxBytes }: ImageLimits): void {
  refuseAbove('IMAGE_TOO_MANY_BYTES', `The file has ${count(bytes)} bytes`, bytes, maxBytes);
}

function refuseAbove(
  code: 'IMAGE_TOO_MANY_BYTES' | 'IMAGE_TOO_MANY_PIXELS' | 'IMAGE_TOO_MANY_FRAMES',
  what: string,
  value: number,
  limit: number,
): void {
  if (value > limit) throw new ClearcutError(code, `${what}, more than the limit of ${count(limit)}.`);
}

function count(value: number): string {
  return value.toLocaleString('en');
}
