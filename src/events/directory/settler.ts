import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';

export interface SettlerOptions {
  /** Milliseconds a file must stay unchanged before it counts as complete. */
  readonly settleMs: number;
  /** Paths that may wait at once; also how many settled files are remembered. */
  readonly capacity: number;
  /** The file is there and has stayed unchanged. Not called twice for the same state of a file. */
  readonly onFile: (path: string, stats: Stats) => void;
  /** Nothing has been at the path for `settleMs`. */
  readonly onMissing: (path: string) => void;
}

/**
 * Waits until files are complete. No operating system says when a copy has ended, so a file counts as complete when
 * no change was reported and its size, times and inode stayed the same for `settleMs`. A copy that pauses longer is
 * reported too early and once more when it goes on. Replacing a file (delete and create, or rename over) within
 * `settleMs` is one event. Folders, symbolic links and special files are never reported.
 */
export interface Settler {
  /** Something happened at this path now. False when `capacity` paths wait and this one was dropped. */
  touch(path: string): boolean;
  /** Forgets all paths; a look at one that is under way has no consequence any more. */
  close(): void;
}

interface Look {
  /** What the file was like at the look before. */
  readonly state?: string;
  /** When to look, on the clock of `performance.now`. */
  readonly due: number;
}

/** A file under constant change is looked at this often in `settleMs`, not at every notice. */
const LOOKS_PER_SETTLE = 8;

const MISSING = 'missing';

export function createSettler(options: SettlerOptions): Settler {
  const { settleMs, capacity, onFile, onMissing } = options;
  // A path is in at most one of the two, each in the order of due times: `fresh` waits for a first look, `watched` for
  // the second, which compares.
  const fresh = new Map<string, Look>();
  const watched = new Map<string, Look>();
  const reported = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let busy = false;
  let closed = false;

  function touch(path: string): boolean {
    if (closed) return false;
    if (!fresh.has(path)) {
      if (!watched.delete(path) && fresh.size + watched.size >= capacity) return false;
      fresh.set(path, { due: performance.now() + settleMs / LOOKS_PER_SETTLE });
    }
    void work();
    return true;
  }

  /** One look at a time: a burst of thousands of files must not crowd out other file access. */
  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    for (let path = nextPath(); path !== undefined && !closed; path = nextPath()) await look(path);
    busy = false;
    if (closed) return;
    const next = nextDue();
    if (next !== undefined) timer = setTimeout(work, Math.max(1, next[1].due - performance.now()));
  }

  function nextDue(): [string, Look] | undefined {
    const [second] = watched;
    const [first] = fresh;
    if (first === undefined || second === undefined) return first ?? second;
    return first[1].due < second[1].due ? first : second;
  }

  function nextPath(): string | undefined {
    const next = nextDue();
    return next !== undefined && next[1].due <= performance.now() ? next[0] : undefined;
  }

  async function look(path: string): Promise<void> {
    const before = watched.get(path)?.state;
    fresh.delete(path);
    watched.delete(path);
    const stats = await statsOf(path);
    // Touched while we looked: the answer is out of date.
    if (closed || fresh.has(path) || stats === 'unreadable') return;
    if (stats !== undefined && !stats.isFile()) return;
    const state = stats === undefined ? MISSING : stateOf(stats);
    if (state !== before) watched.set(path, { state, due: performance.now() + settleMs });
    else if (stats === undefined) reportMissing(path);
    else reportFile(path, stats, state);
  }

  function reportMissing(path: string): void {
    reported.delete(path);
    onMissing(path);
  }

  function reportFile(path: string, stats: Stats, state: string): void {
    if (reported.get(path) === state) return;
    reported.delete(path);
    reported.set(path, state);
    const [oldest] = reported.keys();
    if (reported.size > capacity && oldest !== undefined) reported.delete(oldest);
    onFile(path, stats);
  }

  return {
    touch,
    close() {
      closed = true;
      clearTimeout(timer);
      fresh.clear();
      watched.clear();
      reported.clear();
    },
  };
}

async function statsOf(path: string): Promise<Stats | undefined | 'unreadable'> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = systemCodeOf(error);
    // What we may not look at is left to the sweep, which meets the same error and reports it.
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : 'unreadable';
  }
}

/** The change time is part of it because a program may set the modification time back after it has written. */
function stateOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
