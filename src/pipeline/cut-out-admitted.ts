import { estimateMemory, type ImageInfo, type ImageLimits, inspect } from '../image/inspect.js';
import type { PictureFormat, PictureOptions } from '../image/options.js';
import { cutOutInThread } from '../image/picture-threads.js';
import type { MatteEngine } from '../inference/engine-api.js';
import type { Admission } from './admission.js';

/** What cutting out takes, wherever the image comes from. */
export interface Cutter {
  readonly engine: MatteEngine;
  readonly admission: Admission;
  readonly limits: ImageLimits;
  readonly output: PictureOptions;
}

/** Inspects the image, waits until its pixels fit into memory, and cuts it out. Throws what inspect and cutOutInThread do. */
export async function cutOutAdmitted(
  bytes: Uint8Array,
  { engine, admission, limits, output: options }: Cutter,
) {
  const info: ImageInfo = await inspect(bytes, limits);
  const format = options.format === 'webp' ? ('webp' as const) : ('png' as const);
  const output = { format, webpQuality: options.quality, maxSide: options.maxSide };
  const release = await admission.admitPixels(estimateMemory(info, output));
  try {
    const { coverage, timings, ...picture } = await cutOutInThread(bytes, engine, output);
    const file = { kind: 'cutout' as 'cutout' | 'mask', format: format as PictureFormat, ...picture };
    const subject = { left: 0, top: 0, width: picture.width, height: picture.height };
    return { info, result: { files: [file], coverage, timings, subject } };
  } finally {
    release();
  }
}
