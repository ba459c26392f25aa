import { type FSWatcher, type Stats, watch } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { entriesOf, isPassedOver } from './scan.js';

export interface WatchFoldersOptions {
  /** Something was created, changed, renamed or removed at this path. */
  readonly onChange: (path: string) => void;
  /** The operating system gave up (out of inotify watches, for instance); everything is closed. Called once. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Change notices of the operating system for a tree of folders. One watch a folder and nothing for its files, so
 * memory and inotify watches grow with the number of folders, not with the pictures in them, and an event costs the
 * same whatever lies beside it. (chokidar 5 keeps a watch a file and reads the whole folder again for every event:
 * in a folder of 20,000 files each new one costs 230 ms of processor time.) Symbolic links are not followed.
 */
export interface FolderWatch {
  /**
   * Watches the folder and all below it. With `announce` also calls `onChange` for every file there: those of a
   * folder that was moved in, or that were created before its watch was in place. Resolves false where there is no
   * such folder; a folder that is watched already is left alone.
   */
  add(folder: string, announce: boolean): Promise<boolean>;
  /** Stops watching the folder and all below it. False where it was not watched. */
  remove(folder: string): boolean;
  /** Looks for folders that no notice told of, as `add` with `announce` does. */
  refresh(): Promise<void>;
  close(): void;
}

interface Watched {
  readonly watcher: FSWatcher;
  /** Tells a folder from a later one of the same name. */
  readonly identity: string;
}

export function watchFolders({ onChange, onFailure }: WatchFoldersOptions): FolderWatch {
  const watched = new Map<string, Watched>();
  let closed = false;

  async function add(folder: string, announce: boolean): Promise<boolean> {
    const found = await open(folder);
    if (found === 'opened') {
      for (const subfolder of await read(folder, announce)) await add(subfolder, announce);
    }
    return found !== 'absent';
  }

  async function refresh(): Promise<void> {
    for (const folder of [...watched.keys()]) {
      for (const subfolder of await read(folder, false)) await add(subfolder, true);
    }
  }

  /** The watch comes before the first look inside, so nothing falls between the two. */
  async function open(folder: string): Promise<'opened' | 'known' | 'absent'> {
    try {
      const stats = await lstat(folder);
      if (closed || !stats.isDirectory()) return 'absent';
      const identity = identityOf(stats);
      if (watched.get(folder)?.identity === identity) return 'known';
      remove(folder);
      const watcher = watch(folder, (_kind, name) => heard(folder, name));
      watcher.on('error', (error) => broken(folder, error));
      watched.set(folder, { watcher, identity });
      return 'opened';
    } catch (error) {
      if (!isPassedOver(error)) fail(error);
      return 'absent';
    }
  }

  /** Returns the folders inside. */
  async function read(folder: string, announce: boolean): Promise<string[]> {
    const subfolders: string[] = [];
    try {
      for await (const entry of entriesOf(folder)) {
        if (closed) return [];
        const path = join(folder, entry.name);
        if (entry.isDirectory()) subfolders.push(path);
        else if (announce && entry.isFile()) onChange(path);
      }
    } catch (error) {
      fail(error);
    }
    return subfolders;
  }

  function heard(folder: string, name: string | null): void {
    if (name === null) void read(folder, true).then((subfolders) => subfolders.forEach(onChange));
    else onChange(join(folder, name));
    // Linux reports what happens to the folder itself under the folder's own name.
    if (name === basename(folder)) onChange(folder);
  }

  function broken(folder: string, error: unknown): void {
    if (isPassedOver(error)) {
      // Windows reports EPERM when a watched folder is removed.
      remove(folder);
      onChange(folder);
    } else {
      fail(error);
    }
  }

  function remove(folder: string): boolean {
    if (!watched.has(folder)) return false;
    for (const [path, { watcher }] of watched) {
      if (path !== folder && !path.startsWith(folder + sep)) continue;
      watcher.close();
      watched.delete(path);
    }
    return true;
  }

  function fail(error: unknown): void {
    if (closed) return;
    close();
    onFailure(error);
  }

  function close(): void {
    closed = true;
    for (const { watcher } of watched.values()) watcher.close();
    watched.clear();
  }

  return { add, remove, refresh, close };
}

function identityOf({ ino, birthtimeMs }: Stats): string {
  return `${ino} ${birthtimeMs}`;
}
