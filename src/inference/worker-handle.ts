import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerStart } from './messages.js';

/** A running worker, as the engine sees it. It works on one batch at a time. */
export interface WorkerHandle {
  /** Moves the pictures to the worker. Rejects when it crashed, or takes longer than `timeoutMs` and is abandoned. */
  run(pictures: readonly Uint8Array<ArrayBuffer>[], timeoutMs: number): Promise<Done>;
  onExit(listener: () => void): void;
  /** Most pictures that one run has memory for; it falls where memory was short. */
  readonly batchLimit: number;
  /** Layers that run on the CPU beside the device, such as "34 Resize"; empty for none. */
  readonly onCpu: string;
  close(): Promise<void>;
}

type Done = Extract<FromWorker, { kind: 'done' }>;
type Ready = Extract<FromWorker, { kind: 'ready' }>;

/** Workers are compiled files, also where the code around them runs from source. */
function workerFile(): string {
  return createRequire(import.meta.url).resolve('#inference-worker');
}

/**
 * Milliseconds that loading and warming a model may take; a network folder or a GPU's first run can be slow, and TensorRT
 * builds engines for minutes.
 */
const START_TIMEOUT = 300_000;
const TENSORRT_START_TIMEOUT = 1_800_000;
/** Milliseconds that an idle worker may take to end. */
const CLOSE_TIMEOUT = 5_000;

/** Starts a worker and waits until it has loaded and warmed its model. Rejects with what stopped it. */
export async function startWorker(start: WorkerStart, file: string = workerFile()): Promise<WorkerHandle> {
  const worker = new Worker(file, { workerData: start });
  let ended: Error | undefined;
  let current: { resolve(done: Done): void; reject(error: Error): void } | undefined;
  const exited = new Promise<void>((resolve) => {
    const fail = (error: Error) => {
      ended ??= error;
      current?.reject(ended);
    };
    worker.once('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
    worker.once('messageerror', fail);
    worker.once('exit', (code) => {
      fail(new Error(`it exited with code ${code}`));
      resolve();
    });
  });

  const { batchLimit, onCpu } = await new Promise<Ready>((resolve, reject) => {
    const timeout = start.device === 'tensorrt' ? TENSORRT_START_TIMEOUT : START_TIMEOUT;
    const timer = setTimeout(() => {
      abandon();
      reject(new Error(`it was not ready within ${timeout} ms`));
    }, timeout);
    worker.once('message', (message: FromWorker) => {
      clearTimeout(timer);
      if (message.kind === 'ready') resolve(message);
      else
        reject(new Error(message.kind === 'start-failed' ? message.message : 'it spoke before it was ready'));
    });
    void exited.then(() => {
      clearTimeout(timer);
      reject(ended ?? new Error('it exited while it started'));
    });
  });
  let limit = batchLimit;
  worker.on('message', (message: FromWorker) => {
    if (message.kind !== 'done') return;
    limit = message.batchLimit;
    current?.resolve(message);
  });

  /**
   * Leaves the thread to itself: it ends when its native code returns, and does not keep the process until then.
   * Terminating it inside native code would take the whole process down with it.
   */
  function abandon(): void {
    worker.postMessage({ kind: 'close' } satisfies ToWorker);
    worker.unref();
  }

  return {
    async run(pictures, timeoutMs) {
      if (ended !== undefined) throw ended;
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<Done>((resolve, reject) => {
          current = { resolve, reject };
          timer = setTimeout(() => {
            abandon();
            reject(new Error(`no answer within ${timeoutMs} ms`));
          }, timeoutMs);
          const message: ToWorker = { kind: 'run', pictures };
          worker.postMessage(
            message,
            pictures.map((picture) => picture.buffer),
          );
        });
      } finally {
        clearTimeout(timer);
        current = undefined;
      }
    },
    onExit: (listener) => void exited.then(listener),
    onCpu,
    get batchLimit() {
      return limit;
    },
    async close() {
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
      const timer = new AbortController();
      const late = sleep(CLOSE_TIMEOUT, undefined, { signal: timer.signal }).catch(() => {});
      await Promise.race([exited, late]);
      timer.abort();
      worker.unref();
    },
  };
}
