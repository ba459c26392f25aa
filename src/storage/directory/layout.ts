import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { unlessMissing } from './fs-errors.js';

/**
 * How the folder is laid out: `<root>/<bucket>/<key>` for objects, and `<root>/.clearcut` for what nobody should
 * touch. No bucket can have that name, so no key leads there.
 */
export interface Layout {
  /** Absolute, without symbolic links. */
  readonly root: string;
  /** Files being written; on the same file system as the buckets, so that a rename completes them. */
  readonly temp: string;
  /** Metadata of objects. */
  readonly meta: string;
  readonly locks: string;
}

const INTERNAL_FOLDER = '.clearcut';

/** Milliseconds after which a file being written that nobody writes to any more is a leftover of a crash. */
const STALE_AFTER = 60 * 60 * 1000;

/** Makes what is missing of the layout. */
export async function openLayout(root: string): Promise<Layout> {
  await mkdir(root, { recursive: true });
  const real = await realpath(root);
  const internal = join(real, INTERNAL_FOLDER);
  const layout: Layout = {
    root: real,
    temp: join(internal, 'tmp'),
    meta: join(internal, 'meta'),
    locks: join(internal, 'lock'),
  };
  for (const folder of [layout.temp, layout.meta, layout.locks]) await mkdir(folder, { recursive: true });
  return layout;
}

/** A path for a new file to be written, that no other process uses. */
export function newTempPath({ temp }: Layout): string {
  return join(temp, randomUUID());
}

/** Removes what crashed writers left behind. */
export async function removeStaleTempFiles({ temp }: Layout): Promise<void> {
  for (const name of await readdir(temp)) {
    const path = join(temp, name);
    const stat = await unlessMissing(lstat(path));
    if (stat !== undefined && Date.now() - stat.mtimeMs > STALE_AFTER) await rm(path, { force: true });
  }
}

/** Makes the names in a folder durable. Windows has no such call: there, NTFS's journal has to do. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await unlessMissing(open(path, 'r'));
  try {
    await handle?.sync();
  } catch (thrown) {
    // Some network and FUSE file systems cannot sync folders.
    const code = systemCodeOf(thrown);
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw thrown;
  } finally {
    await handle?.close();
  }
}
