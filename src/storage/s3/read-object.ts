import { addAbortSignal, Readable, Transform } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { ClearcutError, type ErrorSubject } from '../../errors.js';
import { tooManyBytes } from '../byte-limit.js';
import type { GetOptions, ObjectContent } from '../object-store.js';
import { objectHeadOf } from './object-head.js';

/**
 * One request for head and body, so that they are of one version. `toError` turns what breaks the body off into the
 * error that its reader gets; errors of the request itself are those of the SDK.
 */
export async function readObject(
  client: S3Client,
  bucket: string,
  key: string,
  { maxBytes = Number.POSITIVE_INFINITY, signal }: GetOptions,
  toError: (thrown: unknown) => Error,
): Promise<ObjectContent> {
  signal?.throwIfAborted();
  const output = await client.send(
    new GetObjectCommand({ Bucket: bucket, Key: key }),
    signal === undefined ? {} : { abortSignal: signal },
  );
  const source = output.Body;
  if (!(source instanceof Readable)) throw new TypeError('The SDK gave a body that is no Node stream.');
  const head = objectHeadOf(key, output);
  const body = limited(source, {
    expected: output.ContentLength,
    maxBytes,
    subject: { bucket, key },
    toError,
  });
  return { head, body: signal === undefined ? body : addAbortSignal(signal, body) };
}

interface Limits {
  /** The length that the server announced. */
  readonly expected: number | undefined;
  readonly maxBytes: number;
  readonly subject: ErrorSubject;
  readonly toError: (thrown: unknown) => Error;
}

function limited(source: Readable, { expected, maxBytes, subject, toError }: Limits): Readable {
  if (expected !== undefined && expected > maxBytes) {
    source.destroy();
    return new Readable({
      read() {
        this.destroy(tooManyBytes(maxBytes, subject));
      },
    });
  }
  let bytes = 0;
  const body = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      bytes += chunk.length;
      if (bytes > maxBytes) callback(tooManyBytes(maxBytes, subject));
      else callback(null, chunk);
    },
    flush(callback) {
      if (expected === undefined || bytes === expected) callback();
      else callback(brokenOff(bytes, expected, subject));
    },
  });
  source.on('error', (thrown) => body.destroy(toError(thrown)));
  body.once('close', () => source.destroy());
  return source.pipe(body);
}

function brokenOff(bytes: number, expected: number, subject: ErrorSubject): ClearcutError {
  const message = `The object broke off after ${bytes} of ${expected} bytes.`;
  return new ClearcutError('STORE_UNAVAILABLE', message, subject);
}
