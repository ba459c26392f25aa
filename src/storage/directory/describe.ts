import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { ClearcutError, systemCodeOf } from '../../errors.js';
import { contentTypeOf } from '../content-type.js';
import type { ObjectHead } from '../object-store.js';
import { type FileIdentity, identityOf, isTooFresh } from './identity.js';
import { lastModifiedOf } from './last-modified.js';
import type { Layout } from './layout.js';
import type { Place } from './places.js';
import {
  findByContent,
  readSidecar,
  removeLeftovers,
  type Sidecar,
  type SidecarOwner,
  writeSidecar,
} from './sidecar.js';

export interface Described {
  readonly head: ObjectHead;
  readonly identity: FileIdentity;
  readonly tags: Readonly<Record<string, string>>;
}

/** Times that a file is hashed while it keeps changing. */
const ATTEMPTS = 3;
const CHUNK_BYTES = 1024 * 1024;

/**
 * The head of an open file. The ETag is the MD5 of the content in hex, as S3 computes it for simple uploads; it comes
 * from the file's sidecar or, for files that were put there by hand or have changed, from reading the file.
 * Throws STORE_UNAVAILABLE where the file keeps changing, so that an ETag always describes one version.
 */
export async function describeFile(
  handle: FileHandle,
  place: Place,
  layout: Layout,
  signal?: AbortSignal,
): Promise<Described> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const before = await handle.stat({ bigint: true });
    const identity = identityOf(before);
    const known = await readSidecar(layout, place, identity);
    if (known !== undefined) return described(place, before, known);

    const etag = await hashFile(handle, signal);
    if (identityOf(await handle.stat({ bigint: true })) !== identity) continue;
    const sidecar = await newSidecar(place, layout, { etag, size: Number(before.size) });
    if (!isTooFresh(before)) await remember(layout, place, identity, sidecar);
    return described(place, before, sidecar);
  }
  throw changedWhileRead(place);
}

function described(place: Place, stat: BigIntStats, sidecar: Sidecar): Described {
  return { head: toHead(place, stat, sidecar), identity: identityOf(stat), tags: sidecar.tags ?? {} };
}

/** The file changed between two looks at it: nothing that was read of it can be trusted. */
export function changedWhileRead({ bucket, key }: SidecarOwner): ClearcutError {
  return new ClearcutError('STORE_UNAVAILABLE', 'The file was changed while it was read.', {
    bucket,
    key,
    remedy: 'Try again when the file is complete.',
  });
}

export function toHead({ key }: SidecarOwner, stat: BigIntStats, sidecar: Sidecar): ObjectHead {
  return {
    key,
    size: Number(stat.size),
    lastModified: lastModifiedOf(stat),
    etag: sidecar.etag,
    contentType: sidecar.contentType ?? contentTypeOf(key),
    metadata: sidecar.metadata,
  };
}

async function newSidecar(
  { bucket, key }: SidecarOwner,
  layout: Layout,
  content: { readonly etag: string; readonly size: number },
): Promise<Sidecar> {
  const copied = await findByContent(layout, { bucket, key }, content);
  return copied ?? { key, ...content, metadata: {}, writtenAt: Date.now() };
}

/** Spares the next reader the hashing. Where that is not possible, reading still is. */
async function remember(
  layout: Layout,
  { bucket, key }: SidecarOwner,
  identity: FileIdentity,
  sidecar: Sidecar,
): Promise<void> {
  try {
    await writeSidecar(layout, { bucket, key }, identity, sidecar, false);
    await removeLeftovers(layout, { bucket, key }, identity);
  } catch (thrown) {
    if (systemCodeOf(thrown) === undefined) throw thrown;
  }
}

async function hashFile(handle: FileHandle, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('md5');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let position = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
  }
}
