import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { arrivalTimes } from '../../../src/commands/bench/arrivals.js';
import { runBare } from '../../../src/commands/bench/bare.js';
import { type DriveOptions, drive } from '../../../src/commands/bench/drive.js';
import { describeMachine } from '../../../src/commands/bench/machine.js';
import { readOutcomes } from '../../../src/commands/bench/outcomes.js';
import { drawPictures, factsOf, findPictures } from '../../../src/commands/bench/pictures.js';
import { buildReport, type ReportParts } from '../../../src/commands/bench/report.js';
import { tableOf } from '../../../src/commands/bench/table.js';
import { drawSubject } from '../../support/draw.js';
import { createTestPipeline, INPUT } from '../../support/pipeline.js';
import { filesBelow } from '../../support/service.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { writeTinyModel } from '../../support/tiny-model.js';

/** Everything that a run takes but for the pictures, on the real pipeline with a tiny real model. */
async function setUp(options: Partial<DriveOptions> = {}) {
  const { pipeline, engine, root, outputs } = await createTestPipeline();
  const given: Omit<DriveOptions, 'pictures'> = {
    pipeline,
    engine,
    input: { bucket: INPUT, prefix: 'bench/' },
    warmup: 2,
    arrivals: arrivalTimes({ count: 7, rate: 100, seed: 'a' }),
    concurrency: 3,
    retry: { maxAttempts: 3, retryMin: 1, retryMax: 2 },
    logger: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    ...options,
  };
  return { given, pipeline, root, outputs };
}

const SETUP: ReportParts['setup'] = {
  images: 7,
  warmup: 2,
  rate: 100,
  seed: 'a',
  store: 'directory',
  concurrency: 3,
  model: { id: 'tiny', variant: 'fp32', side: 64, device: 'cpu' },
  workers: 1,
  threadsPerWorker: 1,
  maxBatch: 4,
  format: 'png',
  outputMaxSide: 0,
  memoryBudget: 1024 ** 3,
};

test('measures every image of the real pipeline, and the report adds up', async () => {
  const { given, pipeline, outputs } = await setUp();
  const folder = await temporaryFolder();
  const pictures = await drawPictures({ count: 3, megapixels: 0.05, seed: '1', folder });
  const seen: number[] = [];
  const driven = await drive({ ...given, pictures, onSettled: (count) => seen.push(count) });
  const keys = driven.images.map(({ key }) => key);
  const outcomes = await readOutcomes(pipeline, keys);
  const report = buildReport({
    version: '1.2.3',
    machine: describeMachine(),
    setup: SETUP,
    pictures: await factsOf(pictures, 'drawn'),
    driven,
    outcomes,
    bare: [
      { pictures: 2, wall: 500, cpu: 800 },
      { pictures: 2, wall: 1500, cpu: 1600 },
    ],
    pricePerHour: 3.6,
    processPeak: 1,
  });

  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(keys).size).toBe(7);
  expect(await outputs()).toHaveLength(2 * 9);
  expect(report.images).toMatchObject({ done: 7, failed: 0, retries: 0, failures: [] });
  expect(report.pictures).toMatchObject({ source: 'drawn', distinct: 3 });
  expect(report.pictures.meanMegapixels).toBeCloseTo(0.05, 3);
  expect(report.imagesPerSecond).toBeCloseTo(7 / report.wallSeconds);
  expect(report.inference.batches).toBeGreaterThan(0);
  expect(report.inference.meanBatch).toBeCloseTo(7 / report.inference.batches);
  expect(report.cpu.coresUsed).toBeCloseTo(
    (report.cpu.userSeconds + report.cpu.systemSeconds) / report.wallSeconds,
  );
  expect(report.cpu.secondsPerImage * 7).toBeCloseTo(report.cpu.userSeconds + report.cpu.systemSeconds);
  expect(report.memory.before).toBe(driven.memoryAtStart);
  expect(report.memory.peak).toBeGreaterThan(0);
  expect(report.memory.growth).toBe(report.memory.peak - report.memory.before);
  expect(report.eventLoop.delay.p50).toBeLessThanOrEqual(report.eventLoop.delay.p99);
  expect(report.eventLoop.delay.p99).toBeLessThanOrEqual(report.eventLoop.delay.max);
  expect(report.bare?.imagesPerSecond).toBeCloseTo(2);
  expect(report.bare?.cpuSecondsPerImage).toBeCloseTo(0.6);
  expect(report.bare?.ratio).toBeCloseTo(report.imagesPerSecond / 2);
  expect(report.cost?.perThousand).toBeCloseTo(1 / report.imagesPerSecond);

  const { total, ...recorded } = outcomes.records[0]?.timings ?? {};
  expect(total).toBeGreaterThan(0);
  expect(Object.keys(recorded)).toEqual(
    expect.arrayContaining(['fetch', 'decode', 'infer', 'encode', 'store']),
  );
  expect(Object.keys(report.stages)).toEqual(['queue', 'admit', ...Object.keys(recorded)]);
  for (const times of [report.latency, ...Object.values(report.stages)]) {
    expect(times).toBeDefined();
    const { p50 = 0, p95 = 0, p99 = 0, max = 0 } = times ?? {};
    expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].sort((a, b) => a - b));
  }
  // The stages make up the latency, but for what a histogram rounds.
  const sum = Object.values(report.stages).reduce((total, { mean }) => total + mean, 0);
  expect(sum / (report.latency?.mean ?? 0)).toBeCloseTo(1, 1);
  expect(tableOf(report)).toContain('7 done, 0 failed');
  expect(JSON.parse(JSON.stringify(report))).toMatchObject({ version: '1.2.3', setup: SETUP });
});

test('images that cannot be cut out are failures, by what their dead letters say', async () => {
  const { given, pipeline } = await setUp();
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'a.jpg'), await drawSubject());
  await writeFile(join(folder, 'b.jpg'), 'no picture');
  const pictures = await findPictures(folder, join(folder, 'out'));
  const driven = await drive({ ...given, pictures, warmup: 0, arrivals: [0, 0, 0, 0] });
  const { records, failures } = await readOutcomes(
    pipeline,
    driven.images.map(({ key }) => key),
  );
  expect(records).toHaveLength(2);
  expect(failures.map(({ code }) => code)).toEqual(['FORMAT_UNSUPPORTED', 'FORMAT_UNSUPPORTED']);
  expect(driven.inference.pictures).toBe(2);
  expect(driven.images.every(({ latency }) => latency > 0)).toBe(true);
});

test('a run that is stopped ends with the reason, and nothing is written any more', async () => {
  const stopping = new AbortController();
  const { given, outputs } = await setUp({ signal: stopping.signal, arrivals: [0, 0, 0, 1e9] });
  const folder = await temporaryFolder();
  const pictures = await drawPictures({ count: 1, megapixels: 0.05, seed: '1', folder });
  const onSettled = (count: number) => count === 4 && stopping.abort(new Error('enough'));
  await expect(drive({ ...given, pictures, onSettled })).rejects.toThrow('enough');
  const before = await outputs();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await outputs()).toEqual(before);
});

test('drawn pictures are the same for the same seed, and as large as was asked', async () => {
  const draw = async (seed: string) => {
    const folder = await temporaryFolder();
    const pictures = await drawPictures({ count: 2, megapixels: 0.2, seed, folder });
    return Promise.all(pictures.map(({ file }) => sharp(file).raw().toBuffer({ resolveWithObject: true })));
  };
  const [first, second] = await draw('a');
  const [again] = await draw('a');
  const [other] = await draw('b');
  expect(first?.info).toMatchObject({ width: 516, height: 387, channels: 3 });
  expect(again?.data.equals(first?.data ?? Buffer.alloc(0))).toBe(true);
  expect(second?.data.equals(first?.data ?? Buffer.alloc(0))).toBe(false);
  expect(other?.data.equals(first?.data ?? Buffer.alloc(0))).toBe(false);
});

test('a folder without images is refused, and no more than eight pictures are drawn', async () => {
  const folder = await temporaryFolder();
  await expect(findPictures(folder, join(folder, 'out'))).rejects.toThrow('There are no images');
  await drawPictures({ count: 20, megapixels: 0.01, seed: '1', folder });
  expect(await filesBelow(folder)).toHaveLength(8);
});

test('the bare loop runs the model on as many pictures as were asked for, in whole batches', async () => {
  const folder = await temporaryFolder();
  const pictures = await drawPictures({ count: 2, megapixels: 0.05, seed: '1', folder });
  const model = await writeTinyModel(folder);
  const done = await runBare({ model, device: 'cpu', threads: 1, batch: 2, pictures, count: 7, loops: 2 });
  expect(done.pictures).toBe(8);
  expect(done.wall).toBeGreaterThan(0);
  expect(done.cpu).toBeGreaterThan(0);
});

test('a bare loop that cannot load the model says why', async () => {
  const folder = await temporaryFolder();
  const pictures = await drawPictures({ count: 1, megapixels: 0.05, seed: '1', folder });
  const model = { ...(await writeTinyModel(folder)), file: join(folder, 'not-there.onnx') };
  const run = runBare({ model, device: 'cpu', threads: 1, batch: 1, pictures, count: 1, loops: 1 });
  await expect(run).rejects.toThrow(/The bare loop ended early: .*not-there\.onnx/s);
});
