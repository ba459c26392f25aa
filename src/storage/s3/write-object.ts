import { pipeline, Readable, Transform } from 'node:stream';
import { PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import pRetry from 'p-retry';
import type { ErrorSubject } from '../../errors.js';
import { tooManyBytes } from '../byte-limit.js';
import type { ObjectHead, PutOptions } from '../object-store.js';
import { unquote } from './object-head.js';

export interface WriteRequest {
  readonly bucket: string;
  readonly key: string;
  readonly body: Uint8Array | Readable;
  readonly options: PutOptions;
}

/** Bytes. A stream that is longer goes up in parts; at most two of them are in memory. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_IN_FLIGHT = 2;

const CONFLICT_RETRIES = 4;
const CONFLICT_PAUSE_MS = 50;

/**
 * Sends the object, with the request's conditions. A stream that does not fit one part is a multipart upload. Not
 * every server heeds the condition at its end or tells the ETag then, so `headOf` is asked for what became of it.
 * Errors are those of the SDK and of the stream.
 */
export async function writeObject(
  client: S3Client,
  { bucket, key, body, options }: WriteRequest,
  headOf: () => Promise<ObjectHead>,
): Promise<ObjectHead> {
  const input: PutObjectCommandInput = {
    Bucket: bucket,
    Key: key,
    ContentType: options.contentType ?? 'application/octet-stream',
    Metadata: { ...options.metadata },
    Tagging: options.tags && asQuery(options.tags),
    IfNoneMatch: options.ifNoneMatch,
    // Ceph compares the header as it comes: with quotes no ETag is ever equal.
    IfMatch: options.ifMatch,
  };
  if (body instanceof Readable) {
    await upload(client, input, body, options.maxBytes);
    return headOf();
  }
  if (options.maxBytes !== undefined && body.length > options.maxBytes) {
    throw tooManyBytes(options.maxBytes, { bucket, key });
  }
  const { ETag } = await retryConflicts(() =>
    client.send(new PutObjectCommand({ ...input, Body: body, ContentLength: body.length })),
  );
  return {
    key,
    size: body.length,
    // The reply does not tell it, and asking could bring that of a later version.
    lastModified: new Date(),
    etag: unquote(ETag ?? ''),
    contentType: options.contentType ?? 'application/octet-stream',
    metadata: { ...options.metadata },
  };
}

/** Tags go into a header, as the query of a URL. */
function asQuery(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map((tag) => tag.map(encodeURIComponent).join('='))
    .join('&');
}

async function upload(
  client: S3Client,
  input: PutObjectCommandInput,
  source: Readable,
  maxBytes: number | undefined,
): Promise<void> {
  const body = limited(source, maxBytes, { bucket: input.Bucket, key: input.Key });
  try {
    await new Upload({
      client,
      params: { ...input, Body: body },
      partSize: PART_BYTES,
      queueSize: PARTS_IN_FLIGHT,
    }).done();
  } finally {
    body.destroy();
  }
}

function limited(source: Readable, maxBytes = Number.POSITIVE_INFINITY, subject: ErrorSubject): Readable {
  let bytes = 0;
  const counter = new Transform({
    transform(chunk: Uint8Array, _encoding, callback) {
      bytes += chunk.length;
      if (bytes > maxBytes) callback(tooManyBytes(maxBytes, subject));
      else callback(null, chunk);
    },
  });
  // The counter errors with whatever the source errors with, and that reaches the upload that reads it.
  return pipeline(source, counter, () => {});
}

/** 409: another conditional request was under way. The next attempt learns who won. */
function retryConflicts<Result>(attempt: () => Promise<Result>): Promise<Result> {
  return pRetry(attempt, {
    retries: CONFLICT_RETRIES,
    minTimeout: CONFLICT_PAUSE_MS,
    randomize: true,
    shouldRetry: ({ error }) => error.name === 'ConditionalRequestConflict',
  });
}
