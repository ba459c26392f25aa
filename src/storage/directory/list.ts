import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareKeys } from '../key-order.js';
import type { ListOptions, ObjectSummary } from '../object-store.js';
import { unlessMissing } from './fs-errors.js';
import { lastModifiedOf } from './last-modified.js';
import { keyProblem } from './paths.js';
import { isPlainFolder } from './places.js';

/** Files whose size and time are read at once. */
const BATCH = 64;

/**
 * The bucket's files in the order of their keys' UTF-8 bytes, hidden ones included; symbolic links, sockets, devices
 * and names that are no keys are passed over. Holds the names of the folders on the way to the current file, no more.
 */
export async function* listFolder(bucketFolder: string, options: ListOptions): AsyncGenerator<ObjectSummary> {
  const { prefix = '' } = options;
  // Everything that starts with `a/b/c` lies in the folder `a/b`.
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (start !== '' && keyProblem(start.slice(0, -1)) !== undefined) return;
  const folder = join(bucketFolder, start);
  if (start === '' || (await isPlainFolder(folder.replace(/[/\\]$/, ''))))
    yield* walk(folder, start, options);
}

/** `folderKey` is the key of the folder: empty, or ending in `/`. */
async function* walk(folder: string, folderKey: string, options: ListOptions): AsyncGenerator<ObjectSummary> {
  const entries = await entriesOf(folder, folderKey, options);
  for (let start = 0; start < entries.length; start += BATCH) {
    const batch = entries.slice(start, start + BATCH);
    const summaries = await Promise.all(
      batch.map((entry) => (entry.isFolder ? undefined : summarize(entry))),
    );
    for (const [index, entry] of batch.entries()) {
      const summary = summaries[index];
      if (entry.isFolder) yield* walk(entry.path, entry.key, options);
      else if (summary !== undefined) yield summary;
    }
  }
}

interface Entry {
  /** Of a folder, ending in `/`: so folders sort where the keys inside them do (`a.txt`, `a/b`, `a0`). */
  readonly key: string;
  readonly path: string;
  readonly isFolder: boolean;
}

async function entriesOf(folder: string, folderKey: string, options: ListOptions): Promise<Entry[]> {
  const dirents = (await unlessMissing(readdir(folder, { withFileTypes: true }))) ?? [];
  return dirents
    .filter((dirent) => dirent.isFile() || dirent.isDirectory())
    .map((dirent) => toEntry(dirent, folder, folderKey))
    .filter((entry) => isWanted(entry, options))
    .sort((a, b) => compareKeys(a.key, b.key));
}

function toEntry(dirent: Dirent, folder: string, folderKey: string): Entry {
  const isFolder = dirent.isDirectory();
  const key = `${folderKey}${dirent.name}${isFolder ? '/' : ''}`;
  return { key, path: join(folder, dirent.name), isFolder };
}

function isWanted({ key, isFolder }: Entry, { prefix = '', startAfter }: ListOptions): boolean {
  if (!isFolder) {
    if (!key.startsWith(prefix) || keyProblem(key) !== undefined) return false;
    return startAfter === undefined || compareKeys(key, startAfter) > 0;
  }
  if (!key.startsWith(prefix) && !prefix.startsWith(key)) return false;
  // Keys inside a folder sort after the folder's own, and before `startAfter` unless that is inside too.
  return startAfter === undefined || compareKeys(key, startAfter) > 0 || startAfter.startsWith(key);
}

/** Undefined where the file has gone, or its name is not UTF-8 and so cannot be a key. */
async function summarize({ key, path }: Entry): Promise<ObjectSummary | undefined> {
  const stat = await unlessMissing(lstat(path));
  if (stat === undefined || !stat.isFile()) return undefined;
  return { key, size: stat.size, lastModified: lastModifiedOf(stat) };
}
