import { inspectOptions } from '../image/check-options.js';
import type { CutoutResult } from '../image/cutout.js';
import {
  estimateMemory,
  type ImageInfo,
  type ImageLimits,
  inspect,
  refuseLongAnimation,
} from '../image/inspect.js';
import type { PictureOptions } from '../image/options.js';
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

/**
 * Inspects the image and its options, waits until its pixels fit into memory, and cuts it out. Throws what inspect,
 * inspectOptions and cutOutInThread do.
 */
export async function cutOutAdmitted(
  bytes: Uint8Array,
  { engine, admission, limits, output }: Cutter,
): Promise<{ info: ImageInfo; result: CutoutResult }> {
  const info = await inspect(bytes, limits);
  refuseLongAnimation(info, output, limits);
  const background = await inspectOptions(output, limits);
  const release = await admission.admitPixels(estimateMemory(info, output, background));
  try {
    return { info, result: await cutOutInThread(bytes, engine, output) };
  } finally {
    release();
  }
}
