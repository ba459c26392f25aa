import sharp from 'sharp';
import { ClearcutError } from '../errors.js';
import type { OutputOptions } from './encode.js';
import { toImageError } from './sharp-errors.js';
import { type ImageFormat, sniffFormat } from './sniff.js';

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
  // The limits below replace sharp's own, whose message has no numbers.
  const header = await sharp(bytes, { limitInputPixels: false }).metadata().catch(toImageError);
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

/** Reserved for the parts that do not grow with the picture: model input and matte, codec state. */
const FIXED_BYTES = 24 * 1024 * 1024;

// Bytes a pixel, rounded up from the peak resident memory of 12-megapixel pictures, smooth and noisy.
/** What a decoder holds beside the picture: coefficients, interlaced rows, planes (AVIF: 10 bits, turned in there). */
const DECODER_BYTES = { jpeg: 6, png: 8, webp: 8, avif: 28, tiff: 8, gif: 8 } as const;
/** What an encoder holds beside its input, output included: PNG its pieces and then the whole, WebP its planes. */
const ENCODER_BYTES = { png: 8, webp: 30 } as const;
/** The matte at full size. */
const MATTE_BYTES = 1;
/** PNG is composed a row at a time; WebP, and what is made smaller, first as a whole. */
const RGBA_BYTES = 4;

type PictureNeeds = Pick<ImageInfo, 'format' | 'width' | 'height' | 'hasAlpha' | 'isTurned'>;
type OutputNeeds = Pick<OutputOptions, 'format' | 'maxSide'>;

/**
 * Peak bytes of the whole way of a picture through this folder: while it is decoded (and turned), or while its
 * cut-out is encoded, whichever is more.
 */
export function estimateMemory(info: PictureNeeds, output: OutputNeeds): number {
  const { width, height, hasAlpha, isTurned } = info;
  const decoded = hasAlpha ? 4 : 3;
  const decoding = DECODER_BYTES[info.format] + decoded * (isTurned ? 2 : 1);

  const scale = output.maxSide === 0 ? 1 : Math.min(1, output.maxSide / Math.max(width, height));
  const whole = output.format === 'webp' || scale < 1 ? RGBA_BYTES : 0;
  const encoding = decoded + MATTE_BYTES + whole + ENCODER_BYTES[output.format] * scale ** 2;
  return FIXED_BYTES + Math.ceil(width * height * Math.max(decoding, encoding));
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
