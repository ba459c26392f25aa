import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ErrorSubject } from '../../errors.js';
import { tooManyBytes } from '../byte-limit.js';
import { guard } from './fs-errors.js';
import { type Layout, newTempPath } from './layout.js';

/** A complete, durable file that no key leads to yet. */
export interface TempFile {
  readonly path: string;
  /** MD5 in hex. */
  readonly etag: string;
  readonly stat: BigIntStats;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Writes the body to a new file and waits until it is on the disk. Throws IMAGE_TOO_MANY_BYTES, STORE_UNAVAILABLE,
 * or whatever the body's stream throws; nothing is left behind then.
 */
export async function writeTempFile(
  layout: Layout,
  body: Uint8Array | Readable,
  maxBytes: number | undefined,
  subject: ErrorSubject,
): Promise<TempFile> {
  const path = newTempPath(layout);
  const handle = await guard(subject, () => open(path, 'wx'));
  try {
    try {
      const etag = await copy(body, handle, maxBytes, subject);
      const stat = await guard(subject, async () => {
        await handle.sync();
        return handle.stat({ bigint: true });
      });
      return { path, etag, stat };
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  }
}

async function copy(
  body: Uint8Array | Readable,
  handle: FileHandle,
  maxBytes: number | undefined,
  subject: ErrorSubject,
): Promise<string> {
  const hash = createHash('md5');
  let size = 0;
  for await (const chunk of chunksOf(body)) {
    size += chunk.byteLength;
    if (maxBytes !== undefined && size > maxBytes) throw tooManyBytes(maxBytes, subject);
    hash.update(chunk);
    await guard(subject, () => handle.writeFile(chunk));
  }
  return hash.digest('hex');
}

/** Slices of what is in memory: hashing it in one go would hold up everything else. */
async function* chunksOf(body: Uint8Array | Readable): AsyncGenerator<Uint8Array> {
  if (body instanceof Readable) {
    for await (const chunk of body as AsyncIterable<Uint8Array | string>) {
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    }
    return;
  }
  for (let start = 0; start < body.byteLength; start += CHUNK_BYTES) {
    yield body.subarray(start, start + CHUNK_BYTES);
  }
}
