import sharp from 'sharp';
import { ClearcutError, toClearcutError } from '../errors.js';
import { refuseContradictions } from './contradictions.js';
import { type ImageInfo, type ImageLimits, inspect } from './inspect.js';
import type { PictureOptions } from './options.js';
import { toReadable } from './readable.js';
import { toImageError } from './sharp-errors.js';

/**
 * Holds the options of a picture against each other and against the limits before anything is decoded, and tells what
 * is behind the picture where that is an image: its memory counts as well. Throws OPTIONS_INVALID.
 */
export async function inspectOptions(
  options: PictureOptions,
  limits: ImageLimits,
): Promise<ImageInfo | undefined> {
  refuseContradictions(options);
  const { canvas, background } = options;
  if (canvas !== undefined && canvas.width * canvas.height > limits.maxPixels) {
    throw new ClearcutError(
      'OPTIONS_INVALID',
      `The canvas of ${canvas.width} x ${canvas.height} has more pixels than the limit of ${limits.maxPixels}.`,
      { remedy: 'Choose a smaller canvas, or raise CLEARCUT_MAX_PIXELS.' },
    );
  }
  if (background.kind !== 'image') return undefined;
  try {
    const info = await inspect(background.bytes, limits);
    if (options.format === 'jpg' && info.hasAlpha) await refuseTransparent(background.bytes);
    return info;
  } catch (thrown) {
    const { message, remedy } = toClearcutError(thrown, 'IMAGE_CORRUPT');
    throw new ClearcutError('OPTIONS_INVALID', `The background cannot be used: ${message}`, {
      remedy,
      cause: thrown,
    });
  }
}

async function refuseTransparent(bytes: Uint8Array): Promise<void> {
  const { isOpaque } = await sharp(await toReadable(bytes), { limitInputPixels: false })
    .stats()
    .catch(toImageError);
  if (isOpaque) return;
  throw new ClearcutError(
    'OPTIONS_INVALID',
    'Parts of it are transparent, and a JPEG has nothing transparent.',
    {
      remedy: 'Give a background that is opaque, or choose another format: png, webp, avif or auto.',
    },
  );
}
