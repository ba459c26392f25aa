import sharp from 'sharp';
import { ClearcutError } from '../errors.js';
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
  refuseAbove(
    'IMAGE_TOO_MANY_BYTES',
    `The file has ${count(bytes.length)} bytes`,
    bytes.length,
    limits.maxBytes,
  );
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
const FIXED_BYTES = 16 * 1024 * 1024;

/**
 * Peak bytes of the whole way of a picture through this folder: the decoded picture, its copy while it is turned,
 * the full-size matte, and the encoder's rows and output.
 */
export function estimateMemory(info: Pick<ImageInfo, 'width' | 'height' | 'hasAlpha' | 'isTurned'>): number {
  const decoded = info.hasAlpha ? 4 : 3;
  const turned = info.isTurned ? decoded : 0;
  const matte = info.hasAlpha ? 3 : 1;
  const encoded = 4;
  return FIXED_BYTES + info.width * info.height * (decoded + Math.max(turned, matte + encoded));
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
