import { setTimeout as sleep } from 'node:timers/promises';
import { ClearcutError, messageOf } from '../errors.js';
import type { PreparedModel } from '../models/model.js';
import type { Logger } from '../telemetry/logger.js';
import { AGEING, createBatcher } from './batcher.js';
import type { CostLine } from './batching/cost-line.js';
import { PriorityLine, type Waiting } from './batching/priority-line.js';
import { deviceUnavailable, requireProvider } from './devices.js';
import type { InferOptions, MatteEngine, ModelMatte } from './engine-api.js';
import type { Device, PictureOutcome } from './messages.js';
import { batchSizes, paddedSize } from './worker/batch-sizes.js';
import { startWorker, type WorkerHandle } from './worker-handle.js';

export interface EngineOptions {
  readonly model: PreparedModel;
  readonly device: Device;
  readonly workers: number;
  /** Numbers of the GPUs that the workers are spread over; the first one unless given. */
  readonly gpus?: readonly number[];
  readonly threadsPerWorker: number;
  readonly maxBatch: number;
  readonly logger: Logger;
  /** Pictures that may wait in the batcher, 256 unless given; `infer` waits for room. */
  readonly queueCapacity?: number;
  /** Longest wait for a fuller batch in milliseconds; as long as it pays unless given, 0 never waits. */
  readonly maxWaitMs?: number;
  /** Waiting for a fuller batch must leave a picture the chance to be done within this, in milliseconds; 1000 unless given. */
  readonly latencyTargetMs?: number;
  /** Milliseconds after which a batch counts as hung and its worker is started again. */
  readonly batchTimeoutMs?: number;
  /** File of the worker; tests give one that crashes on purpose. */
  readonly workerFile?: string;
}

export interface EngineStats {
  readonly batches: number;
  readonly pictures: number;
  readonly restarts: number;
  /** Pictures that wait, also those for which there is no room yet. */
  readonly waiting: number;
  /** Mean pictures of a batch; 0 before the first. */
  readonly meanBatch: number;
  /** What a batch takes, fitted from the last ones; undefined until they tell. */
  readonly costLine: CostLine | undefined;
  /** Milliseconds that workers spent on batches. */
  readonly inferenceMs: number;
}

export interface Engine extends MatteEngine {
  stats(): EngineStats;
  /** Rejects when a worker cannot be brought back; never resolves. */
  readonly failed: Promise<never>;
}

interface Request {
  readonly rgb: Uint8Array<ArrayBuffer>;
  readonly resolve: (matte: ModelMatte) => void;
  readonly reject: (error: ClearcutError) => void;
}

const BATCH_TIMEOUT = 120_000;
const QUEUE_CAPACITY = 256;
const LATENCY_TARGET = 1_000;
/** Restarts without one batch served in between, after which a worker counts as broken for good. */
const MAX_RESTARTS = 4;
const RESTART_PAUSE = 200;
/** Batches of one after a crash, for each picture that was in the batch: whichever did it meets its fate alone. */
const SOLO_BATCHES = 4;

/**
 * Starts the inference workers and supervises them: a worker that crashes or hangs fails only the pictures it had in
 * hand, and is started again. Rejects with DEVICE_UNAVAILABLE where the device, or MODEL_UNSUPPORTED where the model,
 * does not work.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { model, device, logger, batchTimeoutMs = BATCH_TIMEOUT } = options;
  const maxBatch = model.batch === 'one' ? 1 : options.maxBatch;
  requireProvider(device);
  const pictureBytes = model.input.side ** 2 * 3;

  const { maxWaitMs, latencyTargetMs = LATENCY_TARGET } = options;
  const sizes = batchSizes(device, maxBatch);
  const batcher = createBatcher<Request>({
    maxBatch,
    capacity: options.queueCapacity ?? QUEUE_CAPACITY,
    workers: options.workers,
    latencyTargetMs,
    ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
    // A device that pads its batches computes as many pictures as the padded ones have.
    bucketOf: (count) => paddedSize(count, sizes),
  });
  /** Those who wait for room in the batcher, in the order in which they will get it. */
  const outside = new PriorityLine<Request>(AGEING);
  let wake: NodeJS.Timeout | undefined;
  const totals = { batches: 0, pictures: 0, restarts: 0, inferenceMs: 0 };
  const idle = new Set<WorkerHandle>();
  const workers = new Set<WorkerHandle>();
  const gpuOf = new WeakMap<WorkerHandle, number | undefined>();
  let closing = false;
  let failure: ClearcutError | undefined;
  let onDrained = (): void => {};
  let busy = 0;
  let restarting = 0;
  let restartsInARow = 0;
  let soloBatches = 0;
  let closed: Promise<void> | undefined;
  let fail = (_: ClearcutError): void => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Whoever runs the engine watches `failed`; before that, a failure must not count as unhandled.
  failed.catch(() => {});

  function dispatch(): void {
    clearTimeout(wake);
    for (const worker of idle) {
      const now = performance.now();
      const limit = soloBatches > 0 ? 1 : worker.batchLimit;
      const decision = batcher.next(now, { isLast: closing, limit });
      if (decision.kind === 'wait') wake = setTimeout(dispatch, Math.ceil(decision.until - now));
      if (decision.kind !== 'run') break;
      soloBatches = Math.max(0, soloBatches - 1);
      idle.delete(worker);
      letIn();
      void serve(worker, decision.items);
    }
    if (isDrained()) onDrained();
  }

  /** Gives the room in the batcher to those outside. */
  function letIn(): void {
    while (!batcher.isFull) {
      const next = outside.shift();
      if (next === undefined) return;
      batcher.add(next.item, next.since, next);
    }
  }

  /** A worker on its way up counts: ending without it would leave its thread behind. */
  function isDrained(): boolean {
    return busy === 0 && restarting === 0 && batcher.waiting === 0;
  }

  async function serve(worker: WorkerHandle, batch: Request[]): Promise<void> {
    busy += 1;
    const { batchLimit } = worker;
    const startedAt = performance.now();
    try {
      const done = await worker.run(
        batch.map((request) => request.rgb),
        batchTimeoutMs,
      );
      restartsInARow = 0;
      batcher.observe(batch.length, performance.now() - startedAt);
      totals.batches += 1;
      totals.pictures += batch.length;
      totals.inferenceMs += done.inferenceMs;
      for (const [index, request] of batch.entries()) settle(request, done.outcomes[index]);
      if (worker.batchLimit < batchLimit) {
        const facts = { from: batchLimit, to: worker.batchLimit };
        logger.warn(facts, 'the device ran out of memory; it is given smaller batches from now on');
      }
      idle.add(worker);
    } catch (error) {
      const message = `The inference worker stopped while it had this picture: ${messageOf(error)}.`;
      for (const request of batch)
        request.reject(new ClearcutError('WORKER_CRASHED', message, { cause: error }));
      if (batch.length > 1) soloBatches = batch.length * SOLO_BATCHES;
      workers.delete(worker);
      void restart(messageOf(error), gpuOf.get(worker));
    } finally {
      busy -= 1;
      dispatch();
    }
  }

  async function restart(reason: string, gpu?: number): Promise<void> {
    restarting += 1;
    try {
      await startAgain(reason, gpu);
    } finally {
      restarting -= 1;
      dispatch();
    }
  }

  async function startAgain(reason: string, gpu?: number): Promise<void> {
    let cause: unknown;
    while (restartsInARow < MAX_RESTARTS) {
      await sleep(RESTART_PAUSE * 2 ** restartsInARow);
      // Pictures that were taken before the engine began to close are still owed a matte.
      if (closing && batcher.waiting === 0) return;
      totals.restarts += 1;
      restartsInARow += 1;
      logger.error({ reason, restartsInARow }, 'inference worker stopped; starting it again');
      try {
        return admit(await spawn(gpu));
      } catch (error) {
        cause = error;
        logger.error({ err: error }, 'inference worker did not start');
      }
    }
    const detail = cause === undefined ? '' : ` ${messageOf(cause)}`;
    failure = new ClearcutError(
      'WORKER_CRASHED',
      `An inference worker stopped again and again (${reason}) and was given up.${detail}`,
      { cause, remedy: 'Run: clearcut doctor. Then start the service again; nothing is lost.' },
    );
    for (const request of batcher.drain()) request.reject(failure);
    for (const { item } of outside.drain()) item.reject(failure);
    fail(failure);
  }

  async function spawn(gpu?: number): Promise<WorkerHandle> {
    const start = { model, device, gpu, threads: options.threadsPerWorker, maxBatch };
    const worker = await startWorker(start, options.workerFile).catch((error: unknown) => {
      throw startError(device, model, messageOf(error));
    });
    gpuOf.set(worker, gpu);
    const { batchLimit, onCpu } = worker;
    if (batchLimit < maxBatch)
      logger.warn({ gpu, batchLimit, maxBatch }, 'the device has no memory for the largest batches');
    if (onCpu !== '') logger.warn({ gpu, layers: onCpu }, 'some layers of the model run on the CPU');
    return worker;
  }

  function admit(worker: WorkerHandle): void {
    workers.add(worker);
    idle.add(worker);
    worker.onExit(() => {
      // A worker that ends while idle had no picture to fail.
      if (!idle.delete(worker)) return;
      workers.delete(worker);
      if (!closing) void restart('it ended without a picture in hand', gpuOf.get(worker));
    });
    dispatch();
  }

  const first = await Promise.allSettled(
    Array.from({ length: options.workers }, (_, index) => spawn(options.gpus?.[index % options.gpus.length])),
  );
  const started = first.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const rejected = first.find((result) => result.status === 'rejected');
  if (rejected !== undefined) {
    await Promise.all(started.map((worker) => worker.close()));
    throw rejected.reason;
  }
  for (const worker of started) admit(worker);

  return {
    side: model.input.side,
    framing: model.input.framing,
    failed,
    infer(rgb, { priority = 'bulk', deadline = Number.POSITIVE_INFINITY }: InferOptions = {}) {
      if (closing) return Promise.reject(new ClearcutError('SHUTTING_DOWN', 'The service is stopping.'));
      if (failure !== undefined) return Promise.reject(failure);
      if (rgb.length !== pictureBytes) {
        const message = `A picture of ${pictureBytes} bytes is wanted; this one has ${rgb.length}.`;
        return Promise.reject(new ClearcutError('INFERENCE_FAILED', message));
      }
      return new Promise((resolve, reject) => {
        const item: Request = { rgb, resolve, reject };
        const entry: Waiting<Request> = { item, priority, deadline, since: performance.now() };
        if (!batcher.add(item, entry.since, entry)) outside.push(entry);
        dispatch();
      });
    },
    stats: () => ({
      ...totals,
      waiting: batcher.waiting + outside.length,
      meanBatch: totals.batches === 0 ? 0 : totals.pictures / totals.batches,
      costLine: batcher.line,
    }),
    close() {
      closed ??= close();
      return closed;
    },
  };

  async function close(): Promise<void> {
    closing = true;
    if (!isDrained()) {
      await new Promise<void>((resolve) => {
        onDrained = resolve;
        // Whatever waits for a fuller batch goes now.
        dispatch();
      });
    }
    await Promise.all([...workers].map((worker) => worker.close()));
  }
}

function settle(request: Request, outcome: PictureOutcome | undefined): void {
  if (outcome?.ok) {
    request.resolve(outcome.matte);
    return;
  }
  const message = `The model failed on this picture: ${outcome?.message ?? 'no answer'}.`;
  request.reject(new ClearcutError('INFERENCE_FAILED', message));
}

function startError(device: Device, model: PreparedModel, cause: string): ClearcutError {
  if (device !== 'cpu') return deviceUnavailable(device, cause);
  return new ClearcutError(
    'MODEL_UNSUPPORTED',
    `The model ${model.id} ${model.variant} cannot be loaded: ${cause}.`,
    {
      remedy: 'Prepare it again: clearcut models prepare. Then run: clearcut doctor.',
    },
  );
}
