import { messageOf } from '../../errors.js';
import type { PictureOutcome } from '../messages.js';
import { paddedSize } from './batch-sizes.js';
import { failureKind } from './failures.js';

export interface BatchRunnerOptions<Picture> {
  /** Sizes that batches are padded to, ascending (batch-sizes.ts). */
  readonly sizes: readonly number[];
  /** Most pictures in one run, to begin with. */
  readonly limit: number;
  /** Runs the model once; an outcome for each picture, in order. */
  readonly run: (pictures: readonly Picture[]) => Promise<PictureOutcome[]>;
}

export interface BatchRunner<Picture> {
  /**
   * An outcome for each picture, in order. A batch that fails is halved until the pictures that fail are alone; where
   * memory was short, the halves are also the limit from then on. Throws only where the device is lost.
   */
  runAll(pictures: readonly Picture[]): Promise<PictureOutcome[]>;
  /** Most pictures in one run. It only ever falls. */
  readonly limit: number;
}

/** How batches get through whatever goes wrong with them. Pure but for `run`. */
export function createBatchRunner<Picture>(options: BatchRunnerOptions<Picture>): BatchRunner<Picture> {
  const { sizes, run } = options;
  let limit = options.limit;

  async function runAll(pictures: readonly Picture[]): Promise<PictureOutcome[]> {
    if (pictures.length > limit) return runParts(pictures, limit);
    try {
      return await run(pictures);
    } catch (error) {
      const message = messageOf(error);
      const kind = failureKind(message);
      if (kind === 'device-lost') throw error;
      if (kind === 'out-of-memory')
        limit = Math.min(limit, Math.max(1, Math.floor(paddedSize(pictures.length, sizes) / 2)));
      if (pictures.length === 1) return [{ ok: false, reason: 'failed', message }];
      return runParts(pictures, Math.ceil(pictures.length / 2));
    }
  }

  async function runParts(pictures: readonly Picture[], size: number): Promise<PictureOutcome[]> {
    const outcomes: PictureOutcome[] = [];
    for (let from = 0; from < pictures.length; from += size)
      outcomes.push(...(await runAll(pictures.slice(from, from + size))));
    return outcomes;
  }

  return {
    runAll,
    get limit() {
      return limit;
    },
  };
}
