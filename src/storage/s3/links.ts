import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { ClearcutError } from '../../errors.js';
import { contentDispositionOf } from '../content-disposition.js';
import { checkExpiresIn } from '../link-expiry.js';
import type { PresignedLink, PresignGetOptions, PresignPutOptions } from '../object-store.js';
import type { S3Clients } from './client.js';
import { clockDifference } from './errors.js';
import { checkLinkKey } from './keys.js';

/** Links and forms that anyone may use until they expire: at most seven days, as S3 has it. */
export interface S3Links {
  presignGet(bucket: string, key: string, options: PresignGetOptions): Promise<PresignedLink>;
  /** Throws CONFIG_INVALID for `maxBytes`: S3 signs only an exact length into such a link; see presignPost. */
  presignPut(bucket: string, key: string, options: S3PresignPutOptions): Promise<PresignedLink>;
  /** A form that uploads the object from a browser, whose size and content type the server checks. */
  presignPost(bucket: string, key: string, options: PresignPostOptions): Promise<PresignedForm>;
}

export interface S3PresignPutOptions extends PresignPutOptions {
  /** Bytes that the upload must have, exactly. */
  readonly contentLength?: number;
}

export interface PresignPostOptions {
  /** Seconds from now, 1 to 604,800. */
  readonly expiresIn: number;
  /** The only content type that the upload may have. */
  readonly contentType?: string;
  /** The most bytes that the upload may have. */
  readonly maxBytes?: number;
}

export interface PresignedForm {
  /** Where the form is sent, as `multipart/form-data`. */
  readonly url: string;
  /** Fields of the form, all before the field `file`, which is the last. */
  readonly fields: Readonly<Record<string, string>>;
  readonly expiresAt: Date;
}

/** The most that S3 takes in one upload. */
const MAX_UPLOAD_BYTES = 5 * 1024 ** 3;
/** Milliseconds. Servers refuse what is 15 minutes off; Date headers and slow answers make small differences. */
const CLOCK_TOLERANCE = 4 * 60_000;

export function createS3Links(
  { client, linkClient, server }: S3Clients,
  onWarning: (message: string) => void,
): S3Links {
  let warned = false;

  /** The server's time where this machine's clock is wrong: a link is judged by the server's. */
  function now(): Date {
    // What the SDK learned from the answers that the sending client got.
    const offset = client.config.systemClockOffset;
    const isOff = Math.abs(offset) > CLOCK_TOLERANCE;
    linkClient.config.systemClockOffset = isOff ? offset : 0;
    if (isOff && !warned) {
      warned = true;
      const difference = clockDifference(Math.round(-offset / 60_000));
      onWarning(
        `This machine's clock is ${difference} that of ${server}: links go by the server's. Set it right.`,
      );
    }
    return new Date(Date.now() + linkClient.config.systemClockOffset);
  }

  async function sign(
    command: GetObjectCommand | PutObjectCommand,
    expiresIn: number,
    signedHeaders: readonly string[],
  ) {
    const signingDate = now();
    const url = await getSignedUrl(linkClient, command, {
      expiresIn,
      signingDate,
      signableHeaders: new Set(['host', ...signedHeaders]),
      unhoistableHeaders: new Set(signedHeaders),
    });
    return { url, expiresAt: expiryOf(signingDate, expiresIn) };
  }

  return {
    presignGet: async (bucket, key, { expiresIn, downloadName }) => {
      checkExpiresIn(expiresIn, { bucket, key });
      checkLinkKey(bucket, key);
      const disposition = downloadName === undefined ? undefined : contentDispositionOf(downloadName);
      const input = { Bucket: bucket, Key: key, ResponseContentDisposition: disposition };
      return { ...(await sign(new GetObjectCommand(input), expiresIn, [])), method: 'GET', headers: {} };
    },

    presignPut: async (bucket, key, { expiresIn, contentType, contentLength, maxBytes }) => {
      checkExpiresIn(expiresIn, { bucket, key });
      checkLinkKey(bucket, key);
      if (maxBytes !== undefined) {
        throw new ClearcutError('CONFIG_INVALID', 'S3 cannot limit the size of what a PUT link uploads.', {
          bucket,
          key,
          remedy: 'Give the exact length, or use an upload form (POST), which has a limit.',
        });
      }
      const headers = {
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...(contentLength !== undefined && { 'content-length': String(contentLength) }),
      };
      const input = { Bucket: bucket, Key: key, ContentType: contentType, ContentLength: contentLength };
      const signed = await sign(new PutObjectCommand(input), expiresIn, Object.keys(headers));
      return { ...signed, method: 'PUT', headers };
    },

    presignPost: async (bucket, key, { expiresIn, contentType, maxBytes = MAX_UPLOAD_BYTES }) => {
      checkExpiresIn(expiresIn, { bucket, key });
      checkLinkKey(bucket, key);
      // The SDK and the servers both replace it by the name of the file that is uploaded.
      if (/\$\{filename\}/.test(key)) {
        throw new ClearcutError('KEY_INVALID', 'No upload form can have this text in its key.', {
          bucket,
          key,
        });
      }
      const signingDate = now();
      const { url, fields } = await createPresignedPost(linkClient, {
        Bucket: bucket,
        Key: key,
        Expires: expiresIn,
        Conditions: [['content-length-range', 0, maxBytes]],
        Fields: contentType === undefined ? {} : { 'Content-Type': contentType },
      });
      return { url, fields, expiresAt: expiryOf(signingDate, expiresIn) };
    },
  };
}

/** Servers count from the whole second that the link was signed in. */
function expiryOf(signingDate: Date, expiresIn: number): Date {
  return new Date((Math.floor(signingDate.getTime() / 1000) + expiresIn) * 1000);
}
