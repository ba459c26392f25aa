import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import type { MatteSource } from '../../../src/image/cutout.js';
import { DEFAULT_OPTIONS } from '../../../src/image/options.js';
import { cutOutInThread } from '../../../src/image/picture-threads.js';
import { drawSubject, MAGENTA, POINTS, pixelAt, subjectMatte } from '../../support/draw.js';
import { expectRefusal, largestDifference } from './measures.js';

const SIDE = 64;
const { data } = subjectMatte({ width: SIDE, height: SIDE });
const source: MatteSource = { side: SIDE, infer: async () => ({ data, side: SIDE, coverage: 0.25 }) };

test('many pictures at once come back, each as its own', async () => {
  const widths = Array.from({ length: 12 }, (_, at) => 100 + 10 * at);
  const cutouts = await Promise.all(
    widths.map(async (width) => cutOutInThread(await drawSubject({ width }), source, DEFAULT_OPTIONS)),
  );

  expect(cutouts.map(({ files }) => files[0].width)).toEqual(widths);
  for (const { files, coverage } of cutouts) {
    expect(coverage).toBe(0.25);
    const { data: pixels, info } = await sharp(files[0].bytes).raw().toBuffer({ resolveWithObject: true });
    const colour = pixelAt({ data: pixels, ...info }, POINTS.ellipse);
    expect(largestDifference(colour, [...MAGENTA, 255])).toBeLessThanOrEqual(3);
  }
});

test('a damaged picture fails alone', async () => {
  const whole = await drawSubject();
  const half = whole.subarray(0, whole.length / 2);

  await Promise.all([
    // Only the code: libvips keeps its messages for the whole process, and a picture beside it may clear this one.
    expectRefusal(cutOutInThread(half, source, DEFAULT_OPTIONS), 'IMAGE_CORRUPT', 'cannot be decoded'),
    expect(cutOutInThread(whole, source, DEFAULT_OPTIONS)).resolves.toMatchObject({
      files: [{ width: 240, height: 160 }],
    }),
  ]);
});

test('the failure of the model is passed on as it is', async () => {
  const failure = new ClearcutError('WORKER_CRASHED', 'the model is gone');
  const failing: MatteSource = { side: SIDE, infer: () => Promise.reject(failure) };

  await expect(cutOutInThread(await drawSubject(), failing, DEFAULT_OPTIONS)).rejects.toBe(failure);
});

test.skipIf(process.platform !== 'linux')('they go last, and the main thread keeps its place', async () => {
  const before = getPriority();
  await cutOutInThread(await drawSubject(), source, DEFAULT_OPTIONS);

  expect(readdirSync('/proc/self/task').map(niceOf)).toContain(19);
  expect(getPriority()).toBe(before);
});

/** Field 19 of a thread's stat; the second is a name in brackets, which may hold spaces (proc(5)). */
function niceOf(thread: string): number {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
  return Number(stat.replace(/^.*\) /s, '').split(' ')[16]);
}
