import { mkdir, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClearcutError, systemCodeOf, toClearcutError } from '../errors.js';
import { keyProblem } from '../storage/directory/paths.js';
import type { Logger } from '../telemetry/logger.js';
import { createSettler } from './directory/settler.js';
import { type Known, watchBucket } from './directory/watch-bucket.js';
import type { EventSource, ObjectEventKind } from './event-source.js';
import { createLocalQueue, type LocalQueueCounts } from './local-queue.js';
import { createQueueSource } from './queue-source.js';

export interface DirectorySourceOptions {
  /** Folder that holds the buckets. */
  readonly root: string;
  /** The bucket to watch: a folder in `root`, made where it does not exist. */
  readonly bucket: string;
  /**
   * Milliseconds a file must stay unchanged before it counts as complete, 50 or more: notices of a file that follow
   * one another faster are not all passed on, so the last look must come later.
   */
  readonly settleMs: number;
  /** Events that may wait. */
  readonly capacity: number;
  /** Keys to speak of; others are not watched. Default: all. */
  readonly accepts?: (key: string) => boolean;
  /** Look again and again instead of relying on the operating system's notices. Default: false. */
  readonly usePolling?: boolean;
  /** Milliseconds between two looks when polling. Default: 1,000. */
  readonly pollPauseMs?: number;
  readonly logger: Logger;
}

export interface DirectorySource extends EventSource {
  /**
   * Resolves when the first consumer's watch is in place or could not be put in place: what was in the folder before
   * is for a sweep to find, so let the first one begin after this. Never rejects.
   */
  readonly started: Promise<void>;
  readonly counts: () => LocalQueueCounts;
}

const NAME = 'directory';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'Raise fs.inotify.max_user_watches, or set CLEARCUT_WATCH_POLLING=true.',
  EMFILE:
    'Raise fs.inotify.max_user_instances and the limit of open files, or set CLEARCUT_WATCH_POLLING=true.',
};
const OTHER_REMEDY = 'Set CLEARCUT_WATCH_POLLING=true where a folder sends no change notices.';

/** Milliseconds before a folder that could not be watched is tried again. */
const RETRY_PAUSE = 1_000;

/**
 * Tells of files created (or written anew, or moved in) and removed in the folder of a bucket, once they are
 * complete (see Settler). Keys are paths relative to the bucket with `/`, characters as the file system has them;
 * names that cannot be keys are passed over, as the store's listing does. A `removed` event may name a key that was
 * never told of. Where the operating system refuses to watch, a warning is logged and the folder is polled; whatever
 * fails here, the sweep still finds every file. Every file takes a watch of the system and some 7 KB of memory.
 */
export function createDirectorySource(options: DirectorySourceOptions): DirectorySource {
  const { root, bucket, settleMs, capacity, accepts = () => true, pollPauseMs = 1_000, logger } = options;
  const queue = createLocalQueue({ source: NAME, capacity });
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  let folder = resolve(root, bucket);
  let usePolling = options.usePolling ?? false;
  let dropped = 0;
  /** The failure that was logged last and still lasts. */
  let reported = '';

  async function produce(signal: AbortSignal): Promise<void> {
    const settler = createSettler({
      settleMs,
      capacity,
      onFile: (path, { size }) => push('created', path, size),
      onMissing: (path) => push('removed', path),
    });
    let known: Known | undefined;
    while (!signal.aborted) {
      try {
        folder = await makeFolder();
        known = await watchBucket({
          bucket,
          folder,
          accepts: (path) => isOurs(keyOf(path)),
          known,
          usePolling,
          pollPauseMs,
          onChange(path) {
            if (!settler.touch(path)) dropped += 1;
          },
          onStarted() {
            reported = '';
            start();
          },
          signal,
        });
      } catch (error) {
        // Nobody looked for a while, so all files are told of; the pipeline knows the done ones.
        known = { folders: new Map(), until: 0 };
        if (usePolling || error instanceof ClearcutError) await waitToRetry(error, signal);
        else fallBackToPolling(error);
      }
    }
    settler.close();
    start();
  }

  async function waitToRetry(thrown: unknown, signal: AbortSignal): Promise<void> {
    const error = toClearcutError(thrown, 'STORE_UNAVAILABLE', { bucket });
    if (error.message !== reported) logger.warn({ err: error, bucket }, 'cannot watch; trying again');
    reported = error.message;
    start();
    await sleep(RETRY_PAUSE, undefined, { signal }).catch(() => {});
  }

  function fallBackToPolling(error: unknown): void {
    const remedy = REMEDIES[systemCodeOf(error) ?? ''] ?? OTHER_REMEDY;
    logger.warn({ err: error, bucket, remedy }, 'the system refuses to watch the folder; polling instead');
    usePolling = true;
  }

  /** Returns its path without symbolic links, which chokidar would not follow. */
  async function makeFolder(): Promise<string> {
    try {
      await mkdir(resolve(root, bucket), { recursive: true });
      return join(await realpath(root), bucket);
    } catch (error) {
      throw toClearcutError(error, 'STORE_UNAVAILABLE', { bucket });
    }
  }

  function keyOf(path: string): string {
    return relative(folder, path).split(sep).join('/');
  }

  function isOurs(key: string): boolean {
    return keyProblem(key) === undefined && accepts(key);
  }

  function push(kind: ObjectEventKind, path: string, size?: number): void {
    const key = keyOf(path);
    // Once more: chokidar asks before it watches a file, but it takes a backslash in a name for a slash.
    if (isOurs(key)) queue.push({ kind, bucket, key, ...(size !== undefined && { size }) });
  }

  return {
    ...createQueueSource({ name: NAME, queue, produce }),
    started,
    counts() {
      const counts = queue.counts();
      return { ...counts, overflowed: counts.overflowed + dropped };
    },
  };
}
