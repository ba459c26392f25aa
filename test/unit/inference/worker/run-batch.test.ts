import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PictureOutcome } from '../../../../src/inference/messages.js';
import { batchSizes } from '../../../../src/inference/worker/batch-sizes.js';
import { createBatchRunner } from '../../../../src/inference/worker/run-batch.js';

/** Pictures are numbers here, and a picture's matte is its number; `fail` says what a batch fails with, if at all. */
function runner(limit: number, fail: (pictures: readonly number[]) => string | undefined) {
  const runs: number[][] = [];
  const batches = createBatchRunner<number>({
    sizes: batchSizes('cuda', limit),
    limit,
    run: async (pictures) => {
      runs.push([...pictures]);
      const message = fail(pictures);
      if (message !== undefined) throw new Error(message);
      return pictures.map(matteOf);
    },
  });
  return { runs, batches };
}

function matteOf(picture: number): PictureOutcome {
  return {
    ok: true,
    matte: { data: Uint8Array.of(picture), side: 1, coverage: 0, rawRange: { min: 0, max: 0 } },
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const NO_MEMORY = 'Failed to allocate memory for requested buffer of size 1';

describe('a batch that fails', () => {
  it.each(upTo(8))('is halved until picture %i, which does it, is alone', async (bad) => {
    const { runs, batches } = runner(8, (pictures) => (pictures.includes(bad) ? 'bad' : undefined));
    const outcomes = await batches.runAll(upTo(8));
    expect(outcomes).toEqual(
      upTo(8).map((picture) =>
        picture === bad ? { ok: false, reason: 'failed', message: 'bad' } : matteOf(picture),
      ),
    );
    // 8, then two halves of 4, of 2 and of 1.
    expect(runs).toHaveLength(7);
    expect(batches.limit).toBe(8);
  });

  it('gives every picture its own outcome, whichever of them are bad', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(30)), fc.integer({ min: 1, max: 12 }), async (bad, limit) => {
        const isBad = (picture: number) => bad.includes(picture);
        const { batches } = runner(limit, (pictures) => (pictures.some(isBad) ? 'bad' : undefined));
        const outcomes = await batches.runAll(upTo(31));
        expect(outcomes.map(({ ok }) => ok)).toEqual(upTo(31).map((picture) => !isBad(picture)));
        for (const [index, outcome] of outcomes.entries())
          if (outcome.ok) expect(outcome).toEqual(matteOf(index));
      }),
    );
  });
});

describe('a batch that memory is too short for', () => {
  const upToThree = (pictures: readonly number[]) => (pictures.length > 3 ? NO_MEMORY : undefined);

  it('is run in halves, and nothing as large is tried again', async () => {
    const { runs, batches } = runner(8, upToThree);
    expect(await batches.runAll(upTo(8))).toEqual(upTo(8).map(matteOf));
    expect(batches.limit).toBe(2);
    expect(runs.map(({ length }) => length)).toEqual([8, 4, 2, 2, 2, 2]);
    runs.length = 0;
    expect(await batches.runAll(upTo(5))).toEqual(upTo(5).map(matteOf));
    expect(runs.map(({ length }) => length)).toEqual([2, 2, 1]);
  });

  it('counts at the size it was padded to', async () => {
    const { batches } = runner(8, upToThree);
    await batches.runAll(upTo(5));
    expect(batches.limit).toBe(4);
  });

  it('fails a picture that is too much on its own, and the limit stays at one', async () => {
    const { batches } = runner(4, () => NO_MEMORY);
    const outcomes = await batches.runAll(upTo(3));
    expect(outcomes).toEqual(upTo(3).map(() => ({ ok: false, reason: 'failed', message: NO_MEMORY })));
    expect(batches.limit).toBe(1);
  });
});

describe('a device that is lost', () => {
  it('fails the batch at once instead of trying its parts', async () => {
    const { runs, batches } = runner(8, () => 'CUDA failure 700: an illegal memory access was encountered');
    await expect(batches.runAll(upTo(8))).rejects.toThrow('illegal memory access');
    expect(runs).toHaveLength(1);
  });
});
