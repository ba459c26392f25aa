import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, type EngineOptions, startEngine } from '../../../src/inference/engine.js';
import type { InferOptions } from '../../../src/inference/engine-api.js';
import type { PreparedModel } from '../../../src/models/model.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { MAGENTA, type Rgb } from '../../support/draw.js';
import { writeTinyModel } from '../../support/tiny-model.js';
import { until } from '../../support/until.js';
import {
  CRASH,
  FAULTY_RUNTIME,
  FAULTY_WORKER,
  HANG,
  LOSE,
  MEMORY_FOR,
  REFUSE,
  SLOW_WORKER,
} from './faults.js';

const SIDE = 16;
const GREEN: Rgb = [0, 255, 0];
const RED: Rgb = [255, 0, 0];
const EMPTY = new Uint8Array(SIDE * SIDE);
const FULL = EMPTY.map(() => 255);

/** Where "npm run gpu" puts ONNX Runtime's CUDA provider; the driver and CUDA itself are beside the point then. */
const CUDA_LIBRARY = join(
  dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
  `bin/napi-v6/${process.platform}/${process.arch}/libonnxruntime_providers_cuda.so`,
);

let folder: string;
let model: PreparedModel;
const engines: Engine[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clearcut-engine-'));
  model = await writeTinyModel(folder, { side: SIDE, nanWhenRed: true });
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function open(options: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await startEngine({
    model,
    device: 'cpu',
    workers: 1,
    threadsPerWorker: 1,
    maxBatch: 1,
    logger: createLogger({ level: 'silent', format: 'json' }),
    ...options,
  });
  engines.push(engine);
  return engine;
}

/** A picture of one colour, with another in the pixels of `part`. */
function picture(colour: Rgb, part: Rgb = colour, isPart: (x: number, y: number) => boolean = () => false) {
  const rgb = new Uint8Array(SIDE * SIDE * 3);
  for (let at = 0; at < SIDE * SIDE; at++)
    rgb.set(isPart(at % SIDE, Math.floor(at / SIDE)) ? part : colour, at * 3);
  return rgb;
}

function moved(): Uint8Array<ArrayBuffer> {
  const rgb = picture(GREEN);
  structuredClone(rgb, { transfer: [rgb.buffer] });
  return rgb;
}

/** A magenta rectangle on green, of a width and height that tell pictures apart. */
function rectangle(width: number, height: number) {
  const inside = (x: number, y: number) => x < width && y < height;
  const expected = EMPTY.map((_, at) => (inside(at % SIDE, Math.floor(at / SIDE)) ? 255 : 0));
  return { rgb: picture(GREEN, MAGENTA, inside), expected };
}

describe('inference engine', () => {
  it('gives the matte of a drawn picture: right pixels, coverage and range', async () => {
    const engine = await open();
    expect(engine.side).toBe(SIDE);
    const { rgb, expected } = rectangle(8, 4);
    const matte = await engine.infer(rgb);
    expect(matte.data).toEqual(expected);
    expect(matte.side).toBe(SIDE);
    expect(matte.coverage).toBeCloseTo(32 / (SIDE * SIDE), 5);
    expect(matte.rawRange.min).toBeLessThan(matte.rawRange.max);
  });

  it('finds nothing in a picture without a subject', async () => {
    expect((await (await open()).infer(picture(GREEN))).data).toEqual(EMPTY);
  });

  it('moves the picture to the worker instead of copying it', async () => {
    const engine = await open();
    const rgb = picture(GREEN);
    await engine.infer(rgb);
    expect(rgb.buffer.byteLength).toBe(0);
  });

  it.each([
    { workers: 1, maxBatch: 1 },
    { workers: 1, maxBatch: 4 },
    { workers: 2, maxBatch: 3 },
  ])('gives every picture its own matte with $workers workers and batches of $maxBatch', async (size) => {
    const engine = await open(size);
    const drawn = Array.from({ length: 40 }, (_, index) => rectangle(1 + (index % 15), 1 + (index % 13)));
    const mattes = await Promise.all(drawn.map(({ rgb }) => engine.infer(rgb)));
    for (const [index, { expected }] of drawn.entries()) expect(mattes[index]?.data).toEqual(expected);
    const { pictures, batches, waiting, restarts } = engine.stats();
    expect({ pictures, waiting, restarts }).toEqual({ pictures: 40, waiting: 0, restarts: 0 });
    expect(batches).toBeGreaterThanOrEqual(40 / size.maxBatch);
  });

  it('puts the pictures that wait into one batch', async () => {
    const engine = await open({ maxBatch: 4 });
    // The first goes off alone at once; the other four wait for the worker.
    await Promise.all(Array.from({ length: 5 }, () => engine.infer(picture(GREEN))));
    expect(engine.stats()).toMatchObject({ pictures: 5, batches: 2 });
  });

  it('fails only the picture whose output is no number; its three batch-mates come out right', async () => {
    const engine = await open({ maxBatch: 4 });
    const first = engine.infer(picture(GREEN));
    const { rgb, expected } = rectangle(5, 9);
    const four = [picture(MAGENTA), picture(RED), rgb, picture(GREEN)].map((each) => engine.infer(each));
    const [, bad, drawn, empty] = await Promise.allSettled(four);
    await first;
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'INFERENCE_FAILED' } });
    expect((await four[0])?.coverage).toBe(1);
    expect(drawn).toMatchObject({ status: 'fulfilled', value: { data: expected } });
    expect(empty).toMatchObject({ status: 'fulfilled', value: { data: EMPTY } });
    expect(engine.stats()).toMatchObject({ batches: 2, restarts: 0 });
  });
});

describe('the waiting line of the inference engine', () => {
  /** The order in which these are done, with one worker that takes one picture at a time. */
  async function orderOf(engine: Engine, options: readonly InferOptions[]): Promise<number[]> {
    const order: number[] = [];
    await Promise.all(
      options.map(async (each, index) => {
        await engine.infer(picture(GREEN), each);
        order.push(index);
      }),
    );
    return order;
  }

  it('serves interactive pictures before bulk ones that came earlier', async () => {
    const engine = await open();
    const bulk: InferOptions = { priority: 'bulk' };
    const interactive: InferOptions = { priority: 'interactive' };
    // The first goes off at once, before the others have come.
    expect(await orderOf(engine, [bulk, bulk, bulk, interactive, interactive])).toEqual([0, 3, 4, 1, 2]);
  });

  it('lets callers wait for room, interactive ones first, and serves them all', async () => {
    const engine = await open({ queueCapacity: 1 });
    const done = orderOf(engine, [{}, {}, {}, {}, { priority: 'interactive' }]);
    expect(engine.stats().waiting).toBe(4);
    expect(await done).toEqual([0, 1, 4, 2, 3]);
    expect(engine.stats()).toMatchObject({ pictures: 5, waiting: 0 });
  });

  it('fails those that wait for room as well when no worker can be started again', async () => {
    const doomed = await writeTinyModel(await mkdtemp(join(folder, 'doomed-')), { side: SIDE });
    const engine = await open({ model: doomed, workerFile: FAULTY_WORKER, queueCapacity: 1 });
    await rm(doomed.file);
    const all = [CRASH, GREEN, GREEN, GREEN].map((colour) => engine.infer(picture(colour)));
    for (const each of await Promise.allSettled(all)) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'WORKER_CRASHED' } });
    }
    expect(engine.stats().waiting).toBe(0);
  });

  it('finishes what waits for room before it closes', async () => {
    const engine = await open({ queueCapacity: 1 });
    const done = orderOf(engine, [{}, {}, {}, {}]);
    await engine.close();
    expect(await done).toEqual([0, 1, 2, 3]);
  });

  it('tells the mean batch, and what batches cost once it has seen enough of them', async () => {
    const engine = await open({ maxBatch: 2 });
    expect(engine.stats()).toMatchObject({ meanBatch: 0, costLine: undefined });
    await Promise.all(Array.from({ length: 3 }, () => engine.infer(picture(GREEN))));
    expect(engine.stats()).toMatchObject({ batches: 2, meanBatch: 1.5, costLine: undefined });
  });

  it('lets go of pictures that it holds back for a fuller batch, by itself and when it closes', async () => {
    // A worker with a large fixed cost: pictures that come in pairs then wait for each other.
    const engine = await open({ maxBatch: 4, workerFile: SLOW_WORKER });
    for (let pair = 0; pair < 50; pair += 1) {
      const first = engine.infer(picture(GREEN));
      await setTimeout(2);
      await Promise.all([first, engine.infer(picture(GREEN))]);
    }
    expect(engine.stats().meanBatch).toBeGreaterThan(1.1);
    expect((await engine.infer(picture(MAGENTA))).data).toEqual(FULL);
    const last = engine.infer(picture(MAGENTA));
    await engine.close();
    expect((await last).data).toEqual(FULL);
  });
});

describe('inference engine given something that is no picture of its size', () => {
  it.each([
    ['one that was moved away before', moved],
    ['one that is too small', () => new Uint8Array(12)],
    ['one that is too large', () => new Uint8Array(SIDE * SIDE * 3 + 3)],
  ])('refuses %s, and its batch-mates come out right', async (_, make) => {
    const engine = await open({ maxBatch: 4 });
    const first = engine.infer(picture(GREEN));
    const outcomes = await Promise.allSettled([engine.infer(make()), engine.infer(picture(MAGENTA)), first]);
    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'INFERENCE_FAILED' } });
    expect(outcomes[1]).toMatchObject({ status: 'fulfilled', value: { data: FULL } });
    expect(engine.stats()).toMatchObject({ pictures: 2, restarts: 0 });
  });
});

describe('inference engine when a worker crashes', () => {
  it('fails only the pictures in its hands; those that wait and those that come later are done', async () => {
    const engine = await open({ workerFile: FAULTY_WORKER });
    const crashing = engine.infer(picture(CRASH));
    const waiting = engine.infer(picture(MAGENTA));
    await expect(crashing).rejects.toMatchObject({ code: 'WORKER_CRASHED', permanence: 'transient' });
    expect((await waiting).data).toEqual(FULL);
    expect((await engine.infer(picture(GREEN))).data).toEqual(EMPTY);
    expect(engine.stats()).toMatchObject({ pictures: 2, restarts: 1, waiting: 0 });
  });

  it('leaves the pictures of another worker alone', async () => {
    const engine = await open({ workerFile: FAULTY_WORKER, workers: 2 });
    const outcomes = await Promise.allSettled(
      [CRASH, MAGENTA, MAGENTA, MAGENTA].map((colour) => engine.infer(picture(colour))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  });

  it('recovers from one crash after another', async () => {
    const engine = await open({ workerFile: FAULTY_WORKER });
    for (const _ of [1, 2]) {
      await expect(engine.infer(picture(CRASH))).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
      expect((await engine.infer(picture(MAGENTA))).data).toEqual(FULL);
    }
    expect(engine.stats().restarts).toBe(2);
  });

  it('ends a worker that gives no answer and fails its picture', async () => {
    const engine = await open({ workerFile: FAULTY_WORKER, batchTimeoutMs: 1_000 });
    await expect(engine.infer(picture(HANG))).rejects.toMatchObject({
      code: 'WORKER_CRASHED',
      message: expect.stringContaining('1000 ms'),
    });
    expect((await engine.infer(picture(GREEN))).data).toEqual(EMPTY);
    expect(engine.stats().restarts).toBe(1);
  });

  it('gives up when the worker cannot be started again: waiting and later pictures fail, nothing loops', async () => {
    const doomed = await writeTinyModel(await mkdtemp(join(folder, 'doomed-')), { side: SIDE });
    const engine = await open({ model: doomed, workerFile: FAULTY_WORKER });
    await rm(doomed.file);
    const crashing = engine.infer(picture(CRASH));
    const waiting = engine.infer(picture(GREEN));
    await expect(crashing).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    await expect(waiting).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    await expect(engine.failed).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    await expect(engine.infer(picture(GREEN))).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    expect(engine.stats()).toMatchObject({ restarts: 4, waiting: 0 });
  });
});

describe('inference engine whose runtime fails', () => {
  function recorder() {
    const lines: { msg: string; from?: number; to?: number }[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    return { lines, logger };
  }

  it('runs smaller batches once memory was short, says so once, and every picture gets its matte', async () => {
    const { lines, logger } = recorder();
    const engine = await open({ workerFile: FAULTY_RUNTIME, maxBatch: 8, logger });
    const drawn = Array.from({ length: 20 }, (_, index) => rectangle(1 + (index % 15), 3));
    const mattes = await Promise.all(drawn.map(({ rgb }) => engine.infer(rgb)));
    for (const [index, { expected }] of drawn.entries()) expect(mattes[index]?.data).toEqual(expected);
    expect(engine.stats()).toMatchObject({ pictures: 20, restarts: 0 });
    expect(lines).toEqual([expect.objectContaining({ from: 8, to: 2 })]);
    expect(lines[0]?.to).toBeLessThanOrEqual(MEMORY_FOR);

    const { batches } = engine.stats();
    await Promise.all(Array.from({ length: 9 }, () => engine.infer(picture(GREEN))));
    // The first goes alone, the eight that wait in twos, or some of them alone: what pays is the batcher's to learn.
    expect(engine.stats().batches - batches).toBeGreaterThanOrEqual(5);
    expect(engine.stats()).toMatchObject({ pictures: 29, restarts: 0 });
  });

  it('fails only the picture that the runtime refuses the batch for', async () => {
    const engine = await open({ workerFile: FAULTY_RUNTIME, maxBatch: 3 });
    const first = engine.infer(picture(GREEN));
    const three = [MAGENTA, REFUSE, GREEN].map((colour) => engine.infer(picture(colour)));
    const [before, refused, after] = await Promise.allSettled(three);
    await first;
    expect(before).toMatchObject({ status: 'fulfilled', value: { data: FULL } });
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: { code: 'INFERENCE_FAILED', message: expect.stringContaining('this picture is refused') },
    });
    expect(after).toMatchObject({ status: 'fulfilled', value: { data: EMPTY } });
    expect(engine.stats().restarts).toBe(0);
  });

  it('starts the worker again when its device is lost', async () => {
    const engine = await open({ workerFile: FAULTY_RUNTIME });
    await expect(engine.infer(picture(LOSE))).rejects.toMatchObject({
      code: 'WORKER_CRASHED',
      message: expect.stringContaining('lost'),
    });
    expect((await engine.infer(picture(MAGENTA))).data).toEqual(FULL);
    expect(engine.stats().restarts).toBe(1);
  });
});

describe('inference engine on several GPUs', () => {
  it('starts its workers on one after the other, and a crashed one on its own again', async () => {
    const started: unknown[] = [];
    const listen = (worker: Worker) =>
      worker.on('message', ({ gpu }) => void (gpu !== undefined && started.push(gpu)));
    process.on('worker', listen);
    const engine = await open({ workerFile: FAULTY_RUNTIME, workers: 3, gpus: [4, 6] });
    await engine.infer(picture(GREEN));
    await until(() => started.length === 3);
    expect(started.sort()).toEqual([4, 4, 6]);
    started.length = 0;
    for (const _ of [1, 2, 3]) await engine.infer(picture(LOSE)).catch(() => {});
    await until(() => engine.stats().restarts === 3 && started.length === 3);
    process.off('worker', listen);
    expect(started.sort()).toEqual([4, 4, 6]);
  });
});

describe('starting the inference engine', () => {
  it('refuses a file that is no model', async () => {
    const file = join(folder, 'no-model.onnx');
    await writeFile(file, 'this is no ONNX file');
    await expect(open({ model: { ...model, file } })).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  });

  it('refuses a model whose file is gone', async () => {
    const attempt = open({ model: { ...model, file: join(folder, 'gone.onnx') } });
    await expect(attempt).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  });

  it('refuses a model without the output it should have', async () => {
    const attempt = open({ model: { ...model, output: { name: 'absent', activation: 'none' } }, workers: 2 });
    await expect(attempt).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  });

  it('refuses a device of another operating system', async () => {
    const device = process.platform === 'darwin' ? 'directml' : 'coreml';
    await expect(open({ device })).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
  });

  it.skipIf(process.platform === 'darwin' || existsSync(CUDA_LIBRARY))(
    'refuses CUDA where its libraries are missing, and says what to install',
    async () => {
      await expect(open({ device: 'cuda' })).rejects.toMatchObject({
        code: 'DEVICE_UNAVAILABLE',
        remedy: expect.stringContaining('npm run gpu'),
      });
    },
    5_000,
  );
});

describe('closing the inference engine', () => {
  it('lets every picture at hand finish, and takes no new one', async () => {
    const engine = await open();
    const pending = Array.from({ length: 10 }, () => engine.infer(picture(MAGENTA)));
    const closed = engine.close();
    await expect(engine.infer(picture(GREEN))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    const mattes = await Promise.all(pending);
    await closed;
    for (const { data } of mattes) expect(data).toEqual(FULL);
  });

  it('still serves the pictures that wait when the worker crashes meanwhile', async () => {
    const engine = await open({ workerFile: FAULTY_WORKER });
    const crashing = engine.infer(picture(CRASH));
    const waiting = engine.infer(picture(MAGENTA));
    const closed = engine.close();
    await expect(crashing).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    expect((await waiting).data).toEqual(FULL);
    await closed;
  });

  it('leaves no worker behind that was about to be started again', async () => {
    const engine = await open({ workerFile: FAULTY_WORKER });
    await expect(engine.infer(picture(CRASH))).rejects.toMatchObject({ code: 'WORKER_CRASHED' });
    const started: Worker[] = [];
    const remember = (worker: Worker) => void started.push(worker);
    process.on('worker', remember);
    await engine.close();
    // Longer than the pause before a restart: one that had been forgotten would start its thread in this time.
    await setTimeout(1_000);
    process.off('worker', remember);
    // A thread that has ended has no id any more.
    expect(started.filter((worker) => worker.threadId !== -1)).toEqual([]);
  });

  it('ends when nothing was ever asked', async () => {
    const engine = await open({ workers: 2 });
    await expect(engine.close()).resolves.toBeUndefined();
  });
});
