import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { ClearcutError, type ErrorSubject } from '../../errors.js';
import type { ListOptions, ObjectHead, ObjectStore, ObjectSummary } from '../object-store.js';
import { bucketExists, createBucket } from './buckets.js';
import { createS3Clients, type S3ConnectionOptions } from './client.js';
import { createConditionalWrite } from './conditional-write.js';
import { isUnexplained, statusOf, toS3Error } from './errors.js';
import { checkKey } from './keys.js';
import { createS3Links, type S3Links } from './links.js';
import { listObjects } from './list-objects.js';
import { objectHeadOf } from './object-head.js';
import { readObject } from './read-object.js';
import { type WriteRequest, writeObject } from './write-object.js';

export interface S3StoreOptions extends S3ConnectionOptions {
  /** Told once of what the server cannot do, and of a wrong clock. Default: a warning of the process. */
  readonly onWarning?: (message: string) => void;
}

export type S3Store = ObjectStore & S3Links;

/**
 * An object store on any server that speaks S3. Nothing is sent before the first call. Throws CONFIG_INVALID for
 * settings that cannot work.
 *
 * A put may fail with PRECONDITION_FAILED although it was the one that wrote: where the answer to it is lost, the
 * attempt after it finds its own object. Whoever reads the object again, as the error says, sees that.
 */
export async function createS3Store(options: S3StoreOptions): Promise<S3Store> {
  const { onWarning = (message: string) => process.emitWarning(message) } = options;
  const clients = await createS3Clients(options);
  const { client, server } = clients;
  const seenBuckets = new Set<string>();

  /** Runs requests; what they throw becomes a ClearcutError where it comes from the server or the network. */
  async function guard<Result>(subject: ErrorSubject, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (thrown) {
      throw toS3Error(thrown, { ...subject, server });
    }
  }

  async function readHead(bucket: string, key: string): Promise<ObjectHead | undefined> {
    try {
      const head = objectHeadOf(key, await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })));
      seenBuckets.add(bucket);
      return head;
    } catch (thrown) {
      if (thrown instanceof Error && statusOf(thrown) === 404) {
        await requireBucket(bucket);
        return undefined;
      }
      if (isUnexplained(thrown)) await explainHead(bucket, key);
      throw thrown;
    }
  }

  /** The answer to HEAD is the same whether object or bucket is missing. Buckets rarely go, so one look is enough. */
  async function requireBucket(bucket: string): Promise<void> {
    if (seenBuckets.has(bucket)) return;
    if (!(await bucketExists(client, bucket))) {
      throw new ClearcutError('BUCKET_NOT_FOUND', `There is no bucket "${bucket}".`, { bucket });
    }
    seenBuckets.add(bucket);
  }

  /** Errors have their reason in the body, which HEAD has not: a GET of one byte brings it, as what it throws. */
  async function explainHead(bucket: string, key: string): Promise<void> {
    const output = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: 'bytes=0-0' }));
    if (output.Body instanceof Readable) output.Body.destroy();
  }

  async function write(request: WriteRequest): Promise<ObjectHead> {
    const { bucket, key, options: conditions } = request;
    try {
      return await guard({ bucket, key }, () =>
        writeObject(client, request, () => headAfterUpload(bucket, key)),
      );
    } catch (thrown) {
      const isMissing = thrown instanceof ClearcutError && thrown.code === 'OBJECT_NOT_FOUND';
      if (!isMissing || conditions.ifMatch === undefined) throw thrown;
      const message = 'The object that was to be replaced is gone.';
      throw new ClearcutError('PRECONDITION_FAILED', message, { bucket, key, cause: thrown });
    }
  }

  async function headAfterUpload(bucket: string, key: string): Promise<ObjectHead> {
    const head = await readHead(bucket, key);
    if (head !== undefined) return head;
    const message = `The object "${key}" was removed from "${bucket}" as soon as it was uploaded.`;
    throw new ClearcutError('OBJECT_NOT_FOUND', message, { bucket, key });
  }

  const conditionalWrite = createConditionalWrite({
    write,
    currentEtag: async (bucket, key) => (await guard({ bucket, key }, () => readHead(bucket, key)))?.etag,
    onWarning,
  });

  async function* list(bucket: string, listOptions: ListOptions = {}): AsyncGenerator<ObjectSummary> {
    try {
      yield* listObjects(client, bucket, listOptions);
    } catch (thrown) {
      throw toS3Error(thrown, { bucket, server });
    }
  }

  return {
    ...createS3Links(clients, onWarning),
    description: server,
    head: (bucket, key) =>
      guard({ bucket, key }, async () => {
        checkKey(bucket, key);
        return readHead(bucket, key);
      }),
    tags: (bucket, key) =>
      guard({ bucket, key }, async () => {
        checkKey(bucket, key);
        const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: key }));
        return Object.fromEntries((TagSet ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
      }),
    get: (bucket, key, getOptions = {}) =>
      guard({ bucket, key }, async () => {
        checkKey(bucket, key);
        const toError = (thrown: unknown) => toS3Error(thrown, { bucket, key, server });
        return readObject(client, bucket, key, getOptions, toError);
      }),
    put: async (bucket, key, body, putOptions = {}) => {
      // An error of the stream before it is read must reach the caller of put, not end the process.
      if (body instanceof Readable) body.once('error', ignore);
      try {
        checkKey(bucket, key);
        return await conditionalWrite({ bucket, key, body, options: putOptions });
      } catch (thrown) {
        if (body instanceof Readable) body.destroy();
        throw thrown;
      }
    },
    delete: (bucket, key) =>
      guard({ bucket, key }, async () => {
        checkKey(bucket, key);
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      }),
    list,
    ensureBucket: (bucket) =>
      guard({ bucket }, async () => {
        if (!(await bucketExists(client, bucket))) await createBucket(client, bucket);
      }),
  };
}

function ignore(): void {}
