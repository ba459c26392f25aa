import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerStart } from './messages.js';

/** A running worker, as the engine sees it. It works on one batch at a time. */
export interface WorkerHandle {
  /** Moves the pictures to the worker. Rejects when it crashes, or takes longer than `timeoutMs` and is ended. */
  run(pictures: readonly Uint8Array<ArrayBuffer>[], timeoutMs: number): Promise<Done>;
  onExit(listener: () => void): void;
  close(): Promise<void>;
}

type Done = Extract<FromWorker, { kind: 'done' }>;

/** Workers are compiled files, also where the code around them runs from source. */
const WORKER_FILE = createRequire(import.meta.url).resolve('#inference-worker');

/** Starts a worker and waits until it has loaded and warmed its model. Rejects with what stopped it. */
export async function startWorker(start: WorkerStart, file: string = WORKER_FILE): Promise<WorkerHandle> {
  const worker = new Worker(file, { workerData: start });
  let crash: Error | undefined;
  let current: { resolve(done: Done): void; reject(error: Error): void } | undefined;
  const exited = new Promise<void>((resolve) => {
    worker.once('error', (error) => {
      crash = error instanceof Error ? error : new Error(String(error));
    });
    worker.once('exit', (code) => {
      current?.reject(crash ?? new Error(`it exited with code ${code}`));
      current = undefined;
      resolve();
    });
  });

  await new Promise<void>((resolve, reject) => {
    worker.once('message', (message: FromWorker) => {
      if (message.kind === 'start-failed') reject(new Error(message.message));
      else resolve();
    });
    void exited.then(() => reject(crash ?? new Error('it exited while it started')));
  });
  worker.on('message', (message: FromWorker) => {
    if (message.kind !== 'done') return;
    current?.resolve(message);
    current = undefined;
  });

  return {
    run(pictures, timeoutMs) {
      return new Promise<Done>((resolve, reject) => {
        const timer = setTimeout(() => {
          // The thread ends only when native code returns, which it may never do: the pictures don't wait for that.
          current?.reject(new Error(`no answer within ${timeoutMs} ms`));
          current = undefined;
          void worker.terminate();
        }, timeoutMs);
        const ending = <Value>(end: (value: Value) => void) => {
          return (value: Value) => {
            clearTimeout(timer);
            end(value);
          };
        };
        current = { resolve: ending(resolve), reject: ending(reject) };
        post(
          { kind: 'run', pictures },
          pictures.map((picture) => picture.buffer),
        );
      });
    },
    onExit: (listener) => void exited.then(listener),
    async close() {
      post({ kind: 'close' });
      await exited;
    },
  };

  function post(message: ToWorker, moved: ArrayBuffer[] = []): void {
    worker.postMessage(message, moved);
  }
}
