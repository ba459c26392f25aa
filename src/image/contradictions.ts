import { ClearcutError } from '../errors.js';
import type { PictureOptions } from './options.js';

/** Throws OPTIONS_INVALID for options that cannot be met together, whatever the picture is. */
export function refuseContradictions({ output, format, background }: PictureOptions): void {
  if (format !== 'jpg' || output === 'mask') return;
  const isSeenThrough = background.kind === 'color' ? background.rgba[3] < 255 : background.kind === 'none';
  if (!isSeenThrough) return;
  throw new ClearcutError(
    'OPTIONS_INVALID',
    'A JPEG has nothing transparent, so the cut-out needs a background.',
    {
      remedy: 'Choose a background that is opaque, or another format: png, webp, avif or auto.',
    },
  );
}
