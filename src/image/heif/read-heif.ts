import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { ClearcutError } from '../../errors.js';
import type { FromHeifThread, HeifJob } from './thread-messages.js';

/** Threads are compiled files, also where the code around them runs from source. */
const THREAD_FILE = createRequire(import.meta.url).resolve('#heif-thread');

export interface HeifLimits {
  /** Bytes that the decoder may hold. */
  readonly memory: number;
  readonly milliseconds: number;
}

/**
 * The primary image of a HEIF file as an uncompressed TIFF (decode-heif.ts), made in a thread of its own. Throws
 * IMAGE_CORRUPT, also where a limit is reached, FORMAT_UNSUPPORTED, and WORKER_CRASHED where the thread ended.
 */
export async function readHeif(file: Uint8Array, limits: HeifLimits): Promise<Uint8Array<ArrayBuffer>> {
  const job: HeifJob = { file, maxMemory: limits.memory };
  const thread = new Worker(THREAD_FILE, { workerData: job });
  let timer: NodeJS.Timeout | undefined;
  try {
    const message = await new Promise<FromHeifThread>((resolve, reject) => {
      timer = setTimeout(() => reject(tooSlow(limits)), limits.milliseconds);
      thread.on('message', resolve);
      thread.on('error', (cause) => reject(crashed(cause)));
      thread.on('exit', () => reject(crashed(undefined)));
    });
    if (message.kind === 'done') return message.tiff;
    const { code, message: text } = message;
    throw code === undefined ? new Error(text) : new ClearcutError(code, text);
  } finally {
    clearTimeout(timer);
    // Its memory is free when this resolves.
    await thread.terminate();
  }
}

function tooSlow({ milliseconds }: HeifLimits): ClearcutError {
  const seconds = Math.ceil(milliseconds / 1000);
  return new ClearcutError('IMAGE_CORRUPT', `The picture cannot be decoded within ${seconds} s.`);
}

function crashed(cause: unknown): ClearcutError {
  return new ClearcutError('WORKER_CRASHED', 'The thread of a HEIF picture ended.', { cause });
}
