import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rm, unlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ClearcutError } from '../../errors.js';
import { createKeyedMutex } from '../keyed-mutex.js';
import type {
  GetOptions,
  ListOptions,
  ObjectContent,
  ObjectHead,
  ObjectStore,
  ObjectSummary,
  PresignedLink,
  PresignGetOptions,
  PresignPutOptions,
  PutOptions,
} from '../object-store.js';
import { commit } from './commit.js';
import { type Described, describeFile } from './describe.js';
import { guard, toStoreError, unlessMissing } from './fs-errors.js';
import { identityOf } from './identity.js';
import { openLayout, removeStaleTempFiles, syncFolder } from './layout.js';
import { listFolder } from './list.js';
import { isBucketName } from './paths.js';
import {
  bucketFolderOf,
  checkBucket,
  isPlainFolder,
  type Place,
  placeOf,
  removeEmptyFolders,
} from './places.js';
import { readBody } from './read-body.js';
import { removeSidecar } from './sidecar.js';
import { writeTempFile } from './temp-file.js';

/** Issues links that a server of this store honours (see server/links.ts). */
export interface LinkIssuer {
  presignGet(bucket: string, key: string, options: PresignGetOptions): PresignedLink;
  presignPut(bucket: string, key: string, options: PresignPutOptions): PresignedLink;
}

export interface DirectoryStoreOptions {
  /** Folder of the buckets, one folder each; made where it does not exist. */
  readonly root: string;
  /** Without it, asking for links throws CONFIG_INVALID. */
  readonly links?: LinkIssuer;
}

// Symbolic links are not followed, and opening a pipe does not wait for its other end. Windows has neither flag.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * An object store in a folder: `<root>/<bucket>/<key>`. Files that people put there by hand are objects like any
 * other, their relative paths the keys. Keys that are no portable path are refused with KEY_INVALID; a key cannot be a
 * file and a folder at once. Symbolic links are not followed.
 */
export async function createDirectoryStore({ root, links }: DirectoryStoreOptions): Promise<ObjectStore> {
  const layout = await guard({}, async () => {
    const opened = await openLayout(root);
    await removeStaleTempFiles(opened);
    return opened;
  });
  const oneAtATime = createKeyedMutex();

  /** The open file, or undefined where the key has none. Throws BUCKET_NOT_FOUND. */
  async function openObject(place: Place): Promise<FileHandle | undefined> {
    if (await isPlainFolder(place.folder)) {
      const stat = await unlessMissing(lstat(place.file));
      const handle = stat?.isFile() ? await unlessMissing(open(place.file, OPEN_FLAGS)) : undefined;
      if (handle !== undefined) return handle;
    }
    await checkBucket(place.bucketFolder, place.bucket);
    return undefined;
  }

  async function describe(place: Place): Promise<Described | undefined> {
    const handle = await openObject(place);
    try {
      return handle && (await describeFile(handle, place, layout));
    } finally {
      await handle?.close();
    }
  }

  async function openContent(place: Place, options: GetOptions): Promise<ObjectContent> {
    options.signal?.throwIfAborted();
    const handle = await openObject(place);
    if (handle === undefined) throw notFound(place);
    try {
      const described = await describeFile(handle, place, layout, options.signal);
      return { head: described.head, body: readBody(handle, described, place, options) };
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  async function write(place: Place, body: Uint8Array | Readable, options: PutOptions): Promise<ObjectHead> {
    await guard(place, () => checkBucket(place.bucketFolder, place.bucket));
    const temp = await writeTempFile(layout, body, options.maxBytes, place);
    try {
      const currentEtag = async () => (await describe(place))?.head.etag;
      return await oneAtATime(place.file, () =>
        guard(place, () => commit(temp, place, layout, options, currentEtag)),
      );
    } finally {
      await rm(temp.path, { force: true });
    }
  }

  async function remove(place: Place): Promise<void> {
    await checkBucket(place.bucketFolder, place.bucket);
    if (!(await isPlainFolder(place.folder))) return;
    const stat = await unlessMissing(lstat(place.file, { bigint: true }));
    if (!stat?.isFile()) return;
    await unlessMissing(unlink(place.file));
    await syncFolder(place.folder);
    await removeSidecar(layout, place, identityOf(stat));
    await removeEmptyFolders(place);
  }

  async function* list(bucket: string, options: ListOptions = {}): AsyncGenerator<ObjectSummary> {
    const bucketFolder = bucketFolderOf(layout.root, bucket);
    try {
      await checkBucket(bucketFolder, bucket);
      yield* listFolder(bucketFolder, options);
    } catch (thrown) {
      throw toStoreError(thrown, { bucket });
    }
  }

  function issuer(): LinkIssuer {
    if (links !== undefined) return links;
    throw new ClearcutError('CONFIG_INVALID', 'The store was opened without a way to issue links.');
  }

  return {
    description: `directory ${root}`,
    head: async (bucket, key) => {
      const place = placeOf(layout.root, bucket, key);
      return guard(place, async () => (await describe(place))?.head);
    },
    tags: async (bucket, key) => {
      const place = placeOf(layout.root, bucket, key);
      const described = await guard(place, () => describe(place));
      if (described === undefined) throw notFound(place);
      return described.tags;
    },
    get: async (bucket, key, options = {}) => {
      const place = placeOf(layout.root, bucket, key);
      return guard(place, () => openContent(place, options));
    },
    put: async (bucket, key, body, options = {}) => {
      // An error of the stream before it is read must reach the caller of put, not end the process.
      if (body instanceof Readable) body.once('error', ignore);
      try {
        return await write(placeOf(layout.root, bucket, key), body, options);
      } catch (thrown) {
        if (body instanceof Readable) body.destroy();
        throw thrown;
      }
    },
    delete: async (bucket, key) => {
      const place = placeOf(layout.root, bucket, key);
      await oneAtATime(place.file, () => guard(place, () => remove(place)));
    },
    list,
    ensureBucket: async (bucket) => {
      if (!isBucketName(bucket)) {
        throw new ClearcutError('CONFIG_INVALID', `No bucket can be called "${bucket}".`, {
          bucket,
          remedy: 'Use 3 to 63 of a-z, 0-9, "." and "-", first and last a letter or digit.',
        });
      }
      const bucketFolder = bucketFolderOf(layout.root, bucket);
      await guard({ bucket }, async () => {
        await mkdir(bucketFolder, { recursive: true });
        await syncFolder(layout.root);
        await checkBucket(bucketFolder, bucket);
      });
    },
    presignGet: async (bucket, key, options) => {
      placeOf(layout.root, bucket, key);
      return issuer().presignGet(bucket, key, options);
    },
    presignPut: async (bucket, key, options) => {
      placeOf(layout.root, bucket, key);
      return issuer().presignPut(bucket, key, options);
    },
  };
}

function notFound({ bucket, key }: Place): ClearcutError {
  return new ClearcutError('OBJECT_NOT_FOUND', `There is no object "${key}" in "${bucket}".`, {
    bucket,
    key,
  });
}

function ignore(): void {}
