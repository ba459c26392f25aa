import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import type { Engine, EngineStats } from '../../inference/engine.js';
import type { Pipeline } from '../../pipeline/process-object.js';
import type { RetryPolicy } from '../../pipeline/retry-policy.js';
import { startService } from '../../pipeline/service.js';
import type { Logger } from '../../telemetry/logger.js';
import { type ProcessUsage, startProcessMeter } from '../../telemetry/process-meter.js';
import { createLoadSource, type LoadSource } from './load-source.js';
import type { BenchPicture } from './pictures.js';

export interface DriveOptions {
  readonly pipeline: Pipeline;
  readonly engine: Engine;
  /** Where the pictures are uploaded to. */
  readonly input: { readonly bucket: string; readonly prefix: string };
  /** Used in turn. */
  readonly pictures: readonly BenchPicture[];
  /** Images that go through before the measuring begins. */
  readonly warmup: number;
  /** Milliseconds from the start of the measuring, ascending; one image each. */
  readonly arrivals: readonly number[];
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
  /** Called with the number of images that have their outcome, warm-up included, after each. */
  readonly onSettled?: ((count: number) => void) | undefined;
  /** Stops everything; its reason is thrown. */
  readonly signal: AbortSignal;
}

export interface DrivenImage {
  readonly key: string;
  /** Milliseconds from its arrival until its outcome was stored. */
  readonly latency: number;
}

export interface Driven {
  readonly images: readonly DrivenImage[];
  /** From the first arrival to the last stored outcome. */
  readonly usage: ProcessUsage;
  /** Bytes that were resident before the first image, warm-up included, was uploaded. */
  readonly memoryAtStart: number;
  /** Attempts that failed and were repeated, warm-up included. */
  readonly retries: number;
  /** What the engine did for the measured images. */
  readonly inference: Pick<EngineStats, 'batches' | 'pictures' | 'restarts' | 'inferenceMs'>;
}

/** Milliseconds that images in flight may take to finish when the benchmark ends early: nothing is left to clean up then. */
const DRAIN_GRACE = 600_000;
const PARALLEL_UPLOADS = 4;

/**
 * Sends images through the running service and measures until each has its outcome. The images are uploaded before,
 * and arrive when the service is told of them: uploading is the work of others. Throws what ends the service or the
 * engine.
 */
export async function drive(options: DriveOptions): Promise<Driven> {
  const { pipeline, engine, input, arrivals, warmup, concurrency, retry, logger, signal, onSettled } =
    options;
  const memoryAtStart = process.memoryUsage.rss();
  const warmupKeys = await upload('warm-up', warmup, options);
  const keys = await upload('image', arrivals.length, options);
  const source = createLoadSource({ bucket: input.bucket, capacity: warmup + arrivals.length, onSettled });
  const service = startService({ pipeline, sources: [source], concurrency, retry, logger });
  const broken = Promise.race([engine.failed, service.finished, aborted(signal)]);
  // Each wait below watches it; between two of them it must not count as unhandled.
  broken.catch(() => {});
  try {
    for (const key of warmupKeys) source.announce(key);
    await Promise.race([source.whenSettled(warmup), broken]);

    const before = engine.stats();
    const meter = startProcessMeter();
    const startedAt = performance.now();
    const allSettled = source.whenSettled(warmup + arrivals.length);
    await Promise.race([Promise.all([announce(source, keys, startedAt, options), allSettled]), broken]);
    const usage = meter.stop();
    return {
      images: keys.map((key, at) => ({
        key,
        latency: (source.settled.get(key) ?? Number.NaN) - startedAt - (arrivals[at] ?? 0),
      })),
      usage,
      memoryAtStart,
      retries: service.counts().retries,
      inference: difference(engine.stats(), before),
    };
  } finally {
    await service.drain(DRAIN_GRACE);
  }
}

/** Uploads pictures in turn, and returns their keys. */
async function upload(kind: string, count: number, options: DriveOptions): Promise<string[]> {
  const { pipeline, input, pictures, signal } = options;
  const queue = new PQueue({ concurrency: PARALLEL_UPLOADS });
  const uploads = Array.from({ length: count }, (_, at) => async () => {
    signal.throwIfAborted();
    const picture = pictures[at % pictures.length] as BenchPicture;
    const key = `${input.prefix}${kind}-${String(at).padStart(6, '0')}-${picture.name}`;
    await pipeline.store.put(input.bucket, key, createReadStream(picture.file));
    return key;
  });
  return await queue.addAll(uploads);
}

/** Tells of each image when it is due, whatever became of those before it. */
async function announce(
  source: LoadSource,
  keys: readonly string[],
  startedAt: number,
  { arrivals, signal }: DriveOptions,
): Promise<void> {
  for (const [at, key] of keys.entries()) {
    const wait = startedAt + (arrivals[at] ?? 0) - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal });
    source.announce(key);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function difference(after: EngineStats, before: EngineStats): Driven['inference'] {
  return {
    batches: after.batches - before.batches,
    pictures: after.pictures - before.pictures,
    restarts: after.restarts - before.restarts,
    inferenceMs: after.inferenceMs - before.inferenceMs,
  };
}
