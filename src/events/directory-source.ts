import { mkdir } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClearcutError, systemCodeOf, toClearcutError } from '../errors.js';
import { keyProblem } from '../storage/directory/paths.js';
import type { Logger } from '../telemetry/logger.js';
import { pollFolders } from './directory/poll-folders.js';
import { createSettler } from './directory/settler.js';
import { watchFolders } from './directory/watch-folders.js';
import type { EventSource, ObjectEventKind } from './event-source.js';
import { createLocalQueue, type LocalQueueCounts } from './local-queue.js';
import { createQueueSource } from './queue-source.js';

export interface DirectorySourceOptions {
  /** Folder that holds the buckets. */
  readonly root: string;
  /** The bucket to watch: a folder in `root`, made where it does not exist. */
  readonly bucket: string;
  /** Milliseconds a file must stay unchanged before it counts as complete. */
  readonly settleMs: number;
  /** Events that may wait. */
  readonly capacity: number;
  /** Keys to speak of; others take no place in the queue. Default: all. */
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

/** Milliseconds before a folder that could not be read is tried again. */
const RETRY_PAUSE = 1_000;

/**
 * Tells of files created (or written anew, or moved in) and removed in the folder of a bucket, once they are
 * complete (see Settler). Keys are paths relative to the bucket with `/`, characters as the file system has them;
 * names that cannot be keys are passed over, as the store's listing does.
 * A `removed` event may name a key that never was an object; none is sent for what was removed while polling or with
 * a folder that was moved away. Where the operating system refuses to watch, a warning is logged and the folder is
 * polled; whatever fails here, the sweep still finds every file.
 */
export function createDirectorySource(options: DirectorySourceOptions): DirectorySource {
  const { bucket, settleMs, capacity, accepts = () => true, pollPauseMs = 1_000, logger } = options;
  const folder = resolve(options.root, bucket);
  const queue = createLocalQueue({ source: NAME, capacity });
  const started = deferred();
  let usePolling = options.usePolling ?? false;
  let dropped = 0;

  async function produce(signal: AbortSignal): Promise<void> {
    let reported = '';
    // After a failure all files are announced, because nobody looked for a while; the pipeline knows the done ones.
    for (let announce = false; !signal.aborted; announce = true) {
      try {
        await mkdir(folder, { recursive: true }).catch(unusable);
        await (usePolling ? poll(announce, signal) : watch(announce, signal));
      } catch (error) {
        if (error instanceof ClearcutError) {
          if (error.message !== reported) logger.warn({ err: error, bucket }, 'cannot watch; trying again');
          reported = error.message;
          started.resolve();
          await sleep(RETRY_PAUSE, undefined, { signal }).catch(() => {});
        } else {
          const remedy = REMEDIES[systemCodeOf(error) ?? ''] ?? OTHER_REMEDY;
          logger.warn(
            { err: error, bucket, remedy },
            'the system refuses to watch the folder; polling instead',
          );
          usePolling = true;
        }
      }
    }
    started.resolve();
  }

  async function watch(announce: boolean, signal: AbortSignal): Promise<void> {
    const ended = deferred();
    signal.addEventListener('abort', ended.resolve);
    const folders = watchFolders({ onChange: touch, onFailure: ended.reject });
    let missedFolders = false;
    const settler = createSettler({
      settleMs,
      capacity,
      onFile(path, { size }) {
        folders.remove(path);
        push('created', path, size);
      },
      onFolder: (path) => void folders.add(path, true),
      onMissing(path) {
        if (path === folder)
          ended.reject(new ClearcutError('BUCKET_NOT_FOUND', 'The folder is gone.', { bucket }));
        else if (!folders.remove(path)) push('removed', path);
      },
      onIdle() {
        if (missedFolders) void folders.refresh();
        missedFolders = false;
      },
    });
    function touch(path: string): void {
      if (settler.touch(path)) return;
      dropped += 1;
      // What was dropped may have been a folder, and no notice comes from a folder that is not watched.
      missedFolders = true;
    }
    try {
      if (await folders.add(folder, announce)) started.resolve();
      else if (!signal.aborted)
        ended.reject(new ClearcutError('BUCKET_NOT_FOUND', 'The folder cannot be read.', { bucket }));
      await ended.promise;
    } finally {
      signal.removeEventListener('abort', ended.resolve);
      settler.close();
      folders.close();
    }
  }

  async function poll(announce: boolean, signal: AbortSignal): Promise<void> {
    const settler = createSettler({
      settleMs,
      capacity,
      onFile: (path, { size }) => push('created', path, size),
      onMissing: (path) => push('removed', path),
    });
    const onChange = (path: string) => {
      // A look does not say when the change was: touching again and again would hold a waiting file back for ever.
      if (!settler.has(path) && !settler.touch(path)) dropped += 1;
    };
    try {
      await pollFolders({
        folder,
        announce,
        pauseMs: pollPauseMs,
        onChange,
        onStarted: started.resolve,
        signal,
      }).catch(unusable);
    } finally {
      settler.close();
    }
  }

  function push(kind: ObjectEventKind, path: string, size?: number): void {
    const key = relative(folder, path).split(sep).join('/');
    if (keyProblem(key) === undefined && accepts(key))
      queue.push({ kind, bucket, key, ...(size !== undefined && { size }) });
  }

  function unusable(error: unknown): never {
    throw toClearcutError(error, 'STORE_UNAVAILABLE', { bucket });
  }

  return {
    ...createQueueSource({ name: NAME, queue, produce }),
    started: started.promise,
    counts() {
      const counts = queue.counts();
      return { ...counts, overflowed: counts.overflowed + dropped };
    },
  };
}

interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

/** Promise.withResolvers, which Node 20 does not have. A rejection that nobody awaits yet is not unhandled. */
function deferred(): Deferred {
  let resolve = () => {};
  let reject = (_error: unknown) => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
