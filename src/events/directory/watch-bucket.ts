import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch } from 'chokidar';
import { ClearcutError } from '../../errors.js';

export interface WatchBucketOptions {
  readonly bucket: string;
  /** Folder of the bucket: absolute, without symbolic links. */
  readonly folder: string;
  /** Files to tell of, by path; the others are not watched. */
  readonly accepts: (path: string) => boolean;
  /**
   * What an earlier watch knew: of the files that are there already, those in other folders and those changed since
   * are told of. Undefined: none are.
   */
  readonly known: Known | undefined;
  /** Look again and again instead of relying on the operating system's notices. */
  readonly usePolling: boolean;
  /** Milliseconds between two looks when polling. */
  readonly pollPauseMs: number;
  /** A file was created, changed or removed at this path. Not called for every one of many quick changes. */
  readonly onChange: (path: string) => void;
  /** Everything in the folder is watched. */
  readonly onStarted: () => void;
  readonly signal: AbortSignal;
}

export interface Known {
  /** By path, what tells a folder from a later one of the same name. */
  readonly folders: ReadonlyMap<string, string>;
  /** When the watch ended, in milliseconds since 1970. */
  readonly until: number;
}

/** Milliseconds that the clock of a file system may be behind ours, or its time stamps be coarse. */
const CLOCK_SLACK = 2_000;

/** Milliseconds until a new folder is looked into once more: chokidar has long read and watched it by then. */
const SECOND_LOOK = 1_000;

/**
 * Watches a bucket until `signal` aborts. Resolves earlier when another folder took the place of one that was
 * watched: then watch again, with what it resolves with as `known`. Rejects with BUCKET_NOT_FOUND when the folder of
 * the bucket is gone, and with the system's error where it refuses to watch. Symbolic links are not followed; what may
 * not be read is passed over.
 */
export async function watchBucket(options: WatchBucketOptions): Promise<Known | undefined> {
  const { bucket, folder, accepts, known, usePolling, pollPauseMs, onChange, onStarted, signal } = options;
  const folders = new Map<string, string>();
  /** New ones until the second look, with the files told of so far. */
  const newFolders = new Map<string, Set<string>>();
  const changedSince = known === undefined ? Infinity : known.until - CLOCK_SLACK;
  let ready = false;
  // From the folder above, as only that one tells when the bucket's folder is removed.
  const watcher = watch(dirname(folder), {
    ignored: (path, stats) => isIgnored(path, stats, options),
    followSymlinks: false,
    ignorePermissionErrors: true,
    atomic: false,
    usePolling,
    interval: pollPauseMs,
    binaryInterval: pollPauseMs,
  });
  const ended = new AbortController();

  /** chokidar reads a new folder before it watches it: of what is created in between, only this tells. */
  async function lookAgain(path: string, told: Set<string>): Promise<void> {
    await sleep(SECOND_LOOK, undefined, { signal: ended.signal });
    newFolders.delete(path);
    const entries = await readdir(path, { withFileTypes: true });
    // To add something would open the watcher again.
    if (ended.signal.aborted) return;
    for (const entry of entries) {
      const child = join(path, entry.name);
      if (entry.isDirectory() && !folders.has(child)) watcher.add(child);
      if (entry.isFile() && !told.has(child) && accepts(child)) onChange(child);
    }
  }

  try {
    await new Promise<void>((end, fail) => {
      watcher
        .on('add', (path, stats) => {
          const told = newFolders.get(dirname(path));
          told?.add(path);
          const isNew = told !== undefined || (stats !== undefined && stats.ctimeMs >= changedSince);
          if (ready || isNew) onChange(path);
        })
        .on('change', onChange)
        .on('unlink', onChange)
        .on('addDir', (path, stats) => {
          if (stats === undefined) return;
          const identity = identityOf(stats);
          folders.set(path, identity);
          if (!ready && (known === undefined || known.folders.get(path) === identity)) return;
          const told = new Set<string>();
          newFolders.set(path, told);
          if (ready) void lookAgain(path, told).catch(ignore);
        })
        .on('unlinkDir', (path) => {
          folders.delete(path);
          if (path === folder) fail(new ClearcutError('BUCKET_NOT_FOUND', 'The folder is gone.', { bucket }));
        })
        .on('raw', async (_event, name, details) => {
          const path = pathOfNotice(name, details);
          // When polling, chokidar says nothing of a file replaced by an older one of the same size.
          if (usePolling && !folders.has(path)) onChange(path);
          // A folder that is removed (or moved away) and made again at once is to chokidar still the old one, and it
          // listens to that for ever.
          if (await isReplaced(path, folders)) end();
        })
        .on('ready', () => {
          ready = true;
          for (const [path, told] of newFolders) void lookAgain(path, told).catch(ignore);
          // What polling finds is compared with a first look, which is still on its way.
          if (usePolling) sleep(pollPauseMs, undefined, { signal: ended.signal }).then(onStarted, ignore);
          else onStarted();
        })
        .on('error', fail);
      signal.addEventListener('abort', () => end(), { signal: ended.signal });
      if (signal.aborted) end();
    });
    return ready ? { folders, until: Date.now() } : known;
  } finally {
    ended.abort();
    const closed = watcher.close();
    // Closing took the listeners away, and an error on its way that nobody listens to would end the process.
    watcher.on('error', ignore);
    await closed;
  }
}

function isIgnored(path: string, stats: Stats | undefined, { folder, accepts }: WatchBucketOptions): boolean {
  const place = relative(folder, path);
  if (place === '..') return false;
  if (place.startsWith(`..${sep}`)) return true;
  // Without stats it may be a folder. Those are all looked into: their names do not say what is accepted in them.
  if (stats === undefined || stats.isDirectory()) return false;
  return !stats.isFile() || !accepts(path);
}

/** What chokidar's `raw` speaks of: fs.watch names an entry of what is watched (or none), fs.watchFile a whole path. */
function pathOfNotice(name: string | null, details: unknown): string {
  const { watchedPath = '' } = details as { readonly watchedPath?: string };
  return resolve(watchedPath, name ?? '');
}

async function isReplaced(path: string, folders: Known['folders']): Promise<boolean> {
  if (!folders.has(path)) return false;
  const stats = await lstat(path).catch(() => undefined);
  const known = folders.get(path);
  return stats?.isDirectory() === true && known !== undefined && known !== identityOf(stats);
}

/** The inode alone is not enough: file systems give its number to the next one. */
function identityOf({ ino, birthtimeMs }: Stats): string {
  return `${ino} ${birthtimeMs}`;
}

function ignore(): void {}
