import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import workerThreads, { Worker } from 'node:worker_threads';
import { ClearcutError } from '../errors.js';
import type { CutoutResult, MatteSource } from './cutout.js';
import type { PictureOptions } from './options.js';
import type { FromPictureThread, ToPictureThread } from './thread-messages.js';

/** Threads are compiled files, also where the code around them runs from source. */
const THREAD_FILE = createRequire(import.meta.url).resolve('#picture-thread');

/** Since Node 21. */
const { isMarkedAsUntransferable } = workerThreads as {
  readonly isMarkedAsUntransferable?: (object: object) => boolean;
};

interface Job {
  readonly mattes: MatteSource;
  resolve(result: CutoutResult): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

/** As many as cores, started when they are first wanted; the process may end while they are idle. */
const threads: Thread[] = [];
let lastId = 0;

/**
 * cutOut() of cutout.ts in a thread of its own, so that the caller's is not held up. `bytes` are moved there where
 * their buffer is all theirs and can be moved, and empty afterwards. Throws what it throws, what
 * `mattes.infer` throws, and WORKER_CRASHED where the thread ended under the picture; the next picture gets a new one.
 */
export function cutOutInThread(
  bytes: Uint8Array,
  mattes: MatteSource,
  options: PictureOptions,
): Promise<CutoutResult> {
  const thread = leastBusy();
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    thread.jobs.set(id, { mattes, resolve, reject });
    thread.worker.ref();
    const moved = mayBeMoved(bytes) ? [bytes.buffer as ArrayBuffer] : [];
    thread.worker.postMessage(
      {
        kind: 'cut-out',
        id,
        bytes,
        side: mattes.side,
        framing: mattes.framing,
        options,
      } satisfies ToPictureThread,
      moved,
    );
  });
}

/**
 * Not a file in a buffer that it shares with others, nor one in memory of native code, as sharp gives it: that is copied,
 * which Node 20 does without being asked. Later versions refuse to move it, and can tell.
 */
function mayBeMoved({ length, buffer }: Uint8Array): boolean {
  return length === buffer.byteLength && isMarkedAsUntransferable?.(buffer) !== true;
}

function leastBusy(): Thread {
  const idlest = threads.toSorted((one, other) => one.jobs.size - other.jobs.size)[0];
  if (idlest !== undefined && (idlest.jobs.size === 0 || threads.length >= availableParallelism()))
    return idlest;
  const thread = start();
  threads.push(thread);
  return thread;
}

function start(): Thread {
  const worker = new Worker(THREAD_FILE);
  const thread: Thread = { worker, jobs: new Map() };
  let cause: unknown;
  worker.on('message', (message: FromPictureThread) => void hear(thread, message));
  worker.on('error', (error) => {
    cause = error;
  });
  worker.on('exit', (code) => {
    threads.splice(threads.indexOf(thread), 1);
    const error = new ClearcutError('WORKER_CRASHED', `The thread of the picture ended with code ${code}.`, {
      cause,
    });
    for (const { reject } of thread.jobs.values()) reject(error);
  });
  return thread;
}

async function hear(thread: Thread, message: FromPictureThread): Promise<void> {
  const { id } = message;
  const job = thread.jobs.get(id);
  if (job === undefined) return;
  if (message.kind === 'infer') {
    try {
      const { data, side, coverage, rawRange, isStretched = false } = await job.mattes.infer(message.rgb);
      thread.worker.postMessage({
        kind: 'matte',
        id,
        matte: { data, side, coverage, rawRange, isStretched },
      } satisfies ToPictureThread);
    } catch (error) {
      thread.worker.postMessage({ kind: 'no-matte', id } satisfies ToPictureThread);
      end(thread, id);
      job.reject(error);
    }
    return;
  }
  end(thread, id);
  if (message.kind === 'done') return job.resolve(message.result);
  const { code, message: text, remedy } = message;
  job.reject(
    code === undefined
      ? new Error(text)
      : new ClearcutError(code, text, remedy === undefined ? {} : { remedy }),
  );
}

function end(thread: Thread, id: number): void {
  thread.jobs.delete(id);
  if (thread.jobs.size === 0) thread.worker.unref();
}
