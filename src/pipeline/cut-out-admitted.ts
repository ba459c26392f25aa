import type { CutoutPicture } from '../image/cutout.js';
import type { OutputOptions } from '../image/encode.js';
import { estimateMemory, type ImageInfo, type ImageLimits, inspect } from '../image/inspect.js';
import { cutOutInThread } from '../image/picture-threads.js';
import type { MatteEngine } from '../inference/engine-api.js';
import type { Admission } from './admission.js';

/** What cutting out takes, wherever the image comes from. */
export interface Cutter {
  readonly engine: MatteEngine;
  readonly admission: Admission;
  readonly limits: ImageLimits;
  readonly output: OutputOptions;
}

/** Inspects the image, waits until its pixels fit into memory, and cuts it out. Throws what inspect and cutOutInThread do. */
export async function cutOutAdmitted(
  bytes: Uint8Array,
  { engine, admission, limits, output }: Cutter,
): Promise<{ info: ImageInfo; picture: CutoutPicture }> {
  const info = await inspect(bytes, limits);
  const release = await admission.admitPixels(estimateMemory(info, output));
  try {
    return { info, picture: await cutOutInThread(bytes, engine, output) };
  } finally {
    release();
  }
}
