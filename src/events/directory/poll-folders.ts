import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { entriesOf, isPassedOver } from './scan.js';

export interface PollFoldersOptions {
  /** The top folder. */
  readonly folder: string;
  /** Report every file that the first look finds; otherwise it only learns what is there. */
  readonly announce: boolean;
  /** Milliseconds between the end of one look and the next, at least. */
  readonly pauseMs: number;
  /** A file was created or changed at this path. May be called more than once for one change. */
  readonly onChange: (path: string) => void;
  /** After the first look. */
  readonly onStarted: () => void;
  readonly signal: AbortSignal;
}

/** Looking takes at most one part in five of the time, however large the tree is. */
const PAUSE_PER_LOOK = 4;

/**
 * Looks through a tree of folders again and again for what changed, where the operating system cannot tell (network
 * folders, or no inotify watches left). Files are told by their change time (ctime), which the file system sets itself and
 * never sets back, so only the folders have to be remembered. Removed files are not noticed. Resolves when `signal`
 * aborts; rejects when the tree cannot be read.
 */
export async function pollFolders(options: PollFoldersOptions): Promise<void> {
  const { folder, announce, pauseMs, onChange, onStarted, signal } = options;
  let since = announce ? -Infinity : Infinity;
  let { folders: known, newest } = await look(folder, { onChange, since, known: undefined, signal });
  onStarted();
  since = newest;
  let tookMs = 0;
  while (await pause(Math.max(pauseMs, PAUSE_PER_LOOK * tookMs), signal)) {
    const startedAt = performance.now();
    const found = await look(folder, { onChange, since, known, signal });
    tookMs = performance.now() - startedAt;
    // A file may change just after a look has passed it and before that look's newest file is made. So the next
    // look goes back to what was the newest before this one.
    since = newest;
    newest = Math.max(newest, found.newest);
    known = found.folders;
  }
}

interface LookOptions {
  readonly onChange: (path: string) => void;
  /** Files with a later change time are reported. */
  readonly since: number;
  /** The folders of the look before: all files of a folder that is not among them are reported. */
  readonly known: ReadonlySet<string> | undefined;
  readonly signal: AbortSignal;
}

async function look(top: string, { onChange, since, known, signal }: LookOptions) {
  const folders = new Set<string>();
  const unread = [top];
  let newest = -Infinity;
  for (let folder = unread.pop(); folder !== undefined && !signal.aborted; folder = unread.pop()) {
    const stats = await statsOf(folder);
    if (stats === undefined) continue;
    // With the inode: a folder may have been replaced by one of the same name.
    const identity = `${stats.ino} ${folder}`;
    const isNew = known !== undefined && !known.has(identity);
    folders.add(identity);
    for await (const entry of entriesOf(folder)) {
      if (signal.aborted) break;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) unread.push(path);
      if (!entry.isFile()) continue;
      const changed = (await statsOf(path))?.ctimeMs ?? -Infinity;
      newest = Math.max(newest, changed);
      if (isNew || changed > since) onChange(path);
    }
  }
  return { folders, newest };
}

async function statsOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (isPassedOver(error)) return undefined;
    throw error;
  }
}

/** False when `signal` aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
