import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ClearcutError, systemCodeOf } from '../../errors.js';
import { guard, unlessMissing } from './fs-errors.js';
import { type Layout, newTempPath, openLayout } from './layout.js';
import { describeThisProcess, type Holder, holderSchema, livenessOf } from './lock-holder.js';

/**
 * One service for each folder. The lock is a file with a number as its name; the highest number counts. Taking over
 * from a holder that released or died means making the next number with link(2), which exactly one process can. So
 * there is no moment at which two believe to hold it, which removing and remaking one file cannot promise
 * (proper-lockfile does that; it also goes by file times alone, so a machine that slept loses its lock, and a killed
 * service blocks the next start until a timeout).
 */
const lockSchema = z.object({ holder: holderSchema, released: z.boolean() });

export interface LockOptions {
  /** Milliseconds between the holder's signs of life. */
  readonly heartbeat?: number;
  /** Milliseconds without one after which a holder that cannot be looked up (on another machine) counts as dead. */
  readonly silence?: number;
  /** Called once if another process took over: this one was suspended, or cut off from a network folder. */
  readonly onLost?: () => void;
}

/**
 * Claims the folder for this process and returns what releases it. Throws FOLDER_IN_USE while another live process
 * holds it. A holder that was killed on this machine is replaced at once; on another machine after `silence`.
 */
export async function lockFolder(root: string, options: LockOptions = {}): Promise<() => Promise<void>> {
  const { heartbeat = 500, silence = 2_000, onLost = ignore } = options;
  const layout = await guard({}, () => openLayout(root));
  const holder = await describeThisProcess();
  const path = await guard({}, () => acquire(layout, holder, root, silence));

  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch((thrown: unknown) => {
      // Gone: only a newer holder removes it. Other errors may pass.
      if (systemCodeOf(thrown) !== 'ENOENT') return;
      clearInterval(timer);
      onLost();
    });
  }, heartbeat);
  timer.unref();

  return async () => {
    clearInterval(timer);
    // Where the whole folder is gone there is nothing to release.
    await guard({}, () =>
      unlessMissing(write(layout, { holder, released: true }, (temp) => rename(temp, path))),
    );
  };
}

async function acquire(layout: Layout, holder: Holder, root: string, silence: number): Promise<string> {
  for (;;) {
    const newest = await newestLock(layout);
    if (newest > 0) await checkFree(lockPath(layout, newest), root, silence);
    const next = newest + 1;
    try {
      await write(layout, { holder, released: false }, (temp) => link(temp, lockPath(layout, next)));
    } catch (thrown) {
      // Another process was faster: look again who holds it now.
      if (systemCodeOf(thrown) === 'EEXIST') continue;
      throw thrown;
    }
    // While we looked at the old holder, a newer one may have come and cleaned up: then its number is higher.
    if ((await newestLock(layout)) === next) {
      for (const number of await lockNumbers(layout)) {
        if (number < next) await rm(lockPath(layout, number), { force: true });
      }
      return lockPath(layout, next);
    }
    await rm(lockPath(layout, next), { force: true });
  }
}

/** Throws FOLDER_IN_USE unless the holder has released the lock or is dead. */
async function checkFree(path: string, root: string, silence: number): Promise<void> {
  const lock = await read(path);
  if (lock?.released) return;
  const liveness = lock === undefined ? 'unknown' : await livenessOf(lock.holder);
  if (liveness === 'dead') return;
  if (liveness === 'unknown' && !(await showsLife(path, silence))) return;
  if ((await read(path))?.released) return;
  const who = lock ? `process ${lock.holder.pid} on ${lock.holder.host}` : 'another process';
  throw new ClearcutError('FOLDER_IN_USE', `The folder ${root} is already in use by ${who}.`);
}

/** Watches for a change instead of comparing clocks, which may differ between machines. */
async function showsLife(path: string, silence: number): Promise<boolean> {
  const looks = 8;
  const first = await lastSign(path);
  for (let look = 0; look < looks; look += 1) {
    await sleep(silence / looks);
    if ((await lastSign(path)) !== first) return true;
  }
  return false;
}

async function lastSign(path: string): Promise<number | undefined> {
  return (await unlessMissing(stat(path)))?.mtimeMs;
}

async function read(path: string): Promise<z.infer<typeof lockSchema> | undefined> {
  const text = await unlessMissing(readFile(path, 'utf8'));
  try {
    return lockSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Writes the lock to a file of its own, which `place` then puts where it belongs in one step. */
async function write(
  layout: Layout,
  lock: z.infer<typeof lockSchema>,
  place: (temp: string) => Promise<void>,
): Promise<void> {
  const temp = newTempPath(layout);
  try {
    await writeFile(temp, JSON.stringify(lock), { flag: 'wx' });
    await place(temp);
  } finally {
    await rm(temp, { force: true });
  }
}

async function newestLock(layout: Layout): Promise<number> {
  return Math.max(0, ...(await lockNumbers(layout)));
}

async function lockNumbers({ locks }: Layout): Promise<number[]> {
  return (await readdir(locks)).filter((name) => /^\d+$/.test(name)).map(Number);
}

function lockPath({ locks }: Layout, number: number): string {
  return join(locks, String(number));
}

function ignore(): void {}
