import { link, lstat, rename, rm } from 'node:fs/promises';
import { ClearcutError, systemCodeOf } from '../../errors.js';
import type { ObjectHead, PutOptions } from '../object-store.js';
import { toHead } from './describe.js';
import { isMissing, unlessMissing } from './fs-errors.js';
import { identityOf } from './identity.js';
import { type Layout, syncFolder } from './layout.js';
import { ensureFolder, type Place } from './places.js';
import { removeSidecar, type Sidecar, writeSidecar } from './sidecar.js';
import type { TempFile } from './temp-file.js';

/** Times that a folder is made again after a concurrent delete found it empty. */
const FOLDER_ATTEMPTS = 100;

/**
 * Gives a complete file its key: the sidecar first, then the name, in one step that a crash cannot split. Runs alone
 * for its key in this process; `ifNoneMatch` holds across processes too, as link(2) never replaces a file, while
 * `ifMatch` relies on there being one service for each folder (see lock.ts). `currentEtag` reads the ETag that the
 * key has now. Where it throws, the temporary name may be left: removing it is the caller's.
 */
export async function commit(
  temp: TempFile,
  place: Place,
  layout: Layout,
  options: PutOptions,
  currentEtag: () => Promise<string | undefined>,
): Promise<ObjectHead> {
  const replaced = await unlessMissing(lstat(place.file, { bigint: true }));
  if (replaced !== undefined && !replaced.isFile()) {
    const message = 'Where the key needs a file there is a folder, a symbolic link or a device.';
    throw new ClearcutError('KEY_INVALID', message, { bucket: place.bucket, key: place.key });
  }
  await checkConditions(place, options, replaced !== undefined, currentEtag);

  const identity = identityOf(temp.stat);
  const sidecar = newSidecar(temp, place, options);
  await writeSidecar(layout, place, identity, sidecar, true);
  try {
    await giveName(temp, place, options);
  } catch (thrown) {
    await removeSidecar(layout, place, identity);
    throw thrown;
  }
  await syncFolder(place.folder);
  if (replaced !== undefined) await removeSidecar(layout, place, identityOf(replaced));
  // Names that are given and taken away change when a file was last modified, so it is described after both.
  await rm(temp.path, { force: true });
  const named = await unlessMissing(lstat(place.file, { bigint: true }));
  return toHead(place, named !== undefined && identityOf(named) === identity ? named : temp.stat, sidecar);
}

async function checkConditions(
  place: Place,
  { ifNoneMatch, ifMatch }: PutOptions,
  exists: boolean,
  currentEtag: () => Promise<string | undefined>,
): Promise<void> {
  if (ifNoneMatch !== undefined && exists) throw preconditionFailed(place, 'There is an object already.');
  if (ifMatch !== undefined && (await currentEtag()) !== ifMatch) {
    throw preconditionFailed(place, 'The object is not the expected version.');
  }
}

function newSidecar(
  { etag, stat }: TempFile,
  { key }: Place,
  { contentType, metadata, tags }: PutOptions,
): Sidecar {
  return {
    key,
    etag,
    size: Number(stat.size),
    ...(contentType !== undefined && { contentType }),
    metadata: { ...metadata },
    ...(tags !== undefined && { tags: { ...tags } }),
    writtenAt: Date.now(),
  };
}

async function giveName(temp: TempFile, place: Place, { ifNoneMatch }: PutOptions): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ensureFolder(place);
      if (ifNoneMatch === undefined) await rename(temp.path, place.file);
      else await link(temp.path, place.file);
      return;
    } catch (thrown) {
      if (ifNoneMatch !== undefined && systemCodeOf(thrown) === 'EEXIST') {
        throw preconditionFailed(place, 'Another writer made the object first.');
      }
      if (!isMissing(thrown) || attempt === FOLDER_ATTEMPTS) throw thrown;
    }
  }
}

function preconditionFailed({ bucket, key }: Place, message: string): ClearcutError {
  return new ClearcutError('PRECONDITION_FAILED', message, { bucket, key });
}
