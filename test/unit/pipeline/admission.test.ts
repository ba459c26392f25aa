import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAdmission } from '../../../src/pipeline/admission.js';

const MiB = 1024 * 1024;

test('pictures in flight never take more than their share, and all get their turn', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 40 }), async (sizes) => {
      const share = 75;
      const admission = createAdmission(100 * MiB);
      let used = 0;
      let finished = 0;
      await Promise.all(
        sizes.map(async (size) => {
          const release = await admission.admitPixels(size * MiB);
          used += Math.min(size, share);
          expect(used).toBeLessThanOrEqual(share);
          await new Promise(setImmediate);
          used -= Math.min(size, share);
          finished += 1;
          release();
        }),
      );
      expect(finished).toBe(sizes.length);
    }),
    { numRuns: 50 },
  );
});

test('a picture larger than the whole budget goes alone', async () => {
  const admission = createAdmission(100 * MiB);
  const release = await admission.admitPixels(5_000 * MiB);
  let second = false;
  const waiting = admission.admitPixels(MiB).then((giveBack) => {
    second = true;
    giveBack();
  });
  await new Promise(setImmediate);
  expect(second).toBe(false);
  release();
  await waiting;
});

test('files and pixels have shares of their own, so waiting files cannot block pictures', async () => {
  const admission = createAdmission(100 * MiB);
  await admission.admitFile(25 * MiB);
  const release = await admission.admitPixels(75 * MiB);
  release();
});
