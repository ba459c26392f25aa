import { lstat, mkdir, realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ClearcutError, systemCodeOf } from '../../errors.js';
import { isMissing, unlessMissing } from './fs-errors.js';
import { syncFolder } from './layout.js';
import { isBucketName, segmentsOf } from './paths.js';

/**
 * From keys to paths. Symbolic links inside a bucket are never followed: what lies behind one does not exist for the
 * store. (Whoever can swap folders for links in the very moment of an access already has the rights of the service.)
 */
export interface Place {
  readonly bucket: string;
  readonly key: string;
  readonly bucketFolder: string;
  /** The folder of the file. */
  readonly folder: string;
  readonly file: string;
}

/** Throws KEY_INVALID, and BUCKET_NOT_FOUND for a name that no bucket can have. */
export function placeOf(root: string, bucket: string, key: string): Place {
  const bucketFolder = bucketFolderOf(root, bucket);
  const file = join(bucketFolder, ...segmentsOf(bucket, key));
  return { bucket, key, bucketFolder, folder: dirname(file), file };
}

export function bucketFolderOf(root: string, bucket: string): string {
  if (!isBucketName(bucket)) throw bucketNotFound(bucket, `No bucket can be called "${bucket}".`);
  return join(root, bucket);
}

/** Throws BUCKET_NOT_FOUND. */
export async function checkBucket(bucketFolder: string, bucket: string): Promise<void> {
  const stat = await unlessMissing(lstat(bucketFolder));
  if (stat === undefined) throw bucketNotFound(bucket, `There is no bucket "${bucket}".`);
  if (stat.isDirectory()) return;
  throw bucketNotFound(bucket, `The bucket "${bucket}" is not a folder (symbolic links are not followed).`);
}

/** Whether the path is a folder that is reached without a symbolic link. `path` starts with the store's real root. */
export async function isPlainFolder(path: string): Promise<boolean> {
  const stat = await unlessMissing(lstat(path));
  return stat?.isDirectory() === true && (await unlessMissing(realpath(path))) === path;
}

/**
 * Makes the folders between the bucket and the file, durably. Throws KEY_INVALID where a file or a symbolic link is
 * in the way, and ENOENT where somebody removes a folder meanwhile.
 */
export async function ensureFolder({ bucket, key, bucketFolder, folder }: Place): Promise<void> {
  if (await isPlainFolder(folder)) return;
  const parent = dirname(folder);
  if (folder === bucketFolder) return checkBucket(bucketFolder, bucket);
  await ensureFolder({ bucket, key, bucketFolder, folder: parent, file: folder });
  try {
    await mkdir(folder);
    await syncFolder(parent);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'EEXIST') throw thrown;
    if ((await unlessMissing(lstat(folder)))?.isDirectory() === false) {
      const message = 'Where the key needs a folder there is a file or a symbolic link.';
      throw new ClearcutError('KEY_INVALID', message, { bucket, key });
    }
  }
}

/** Removes the folders from `folder` up to the bucket (which stays) as long as they are empty. */
export async function removeEmptyFolders({ bucketFolder, folder }: Place): Promise<void> {
  for (let path = folder; path !== bucketFolder; path = dirname(path)) {
    try {
      await rmdir(path);
    } catch (thrown) {
      // Gone already is fine; a folder in use again (or not ours to remove) ends the climb.
      if (!isMissing(thrown)) return;
    }
  }
}

function bucketNotFound(bucket: string, message: string): ClearcutError {
  return new ClearcutError('BUCKET_NOT_FOUND', message, { bucket });
}
