import type { FileHandle } from 'node:fs/promises';
import { addAbortSignal, Readable } from 'node:stream';
import { tooManyBytes } from '../byte-limit.js';
import type { GetOptions } from '../object-store.js';
import { changedWhileRead, type Described } from './describe.js';
import { toStoreError } from './fs-errors.js';
import { identityOf } from './identity.js';
import type { Place } from './places.js';

const CHUNK_BYTES = 256 * 1024;

/**
 * The content of an open file that was described before, and closes it at the end. Errors with STORE_UNAVAILABLE
 * where the file is no longer the one that was described, so that a body never belies its ETag.
 */
export function readBody(
  handle: FileHandle,
  { head, identity }: Described,
  place: Place,
  { maxBytes, signal }: GetOptions,
): Readable {
  let position = 0;

  async function nextChunk(): Promise<Buffer | null> {
    if (maxBytes !== undefined && head.size > maxBytes) throw tooManyBytes(maxBytes, place);
    if (position === head.size) {
      if (identityOf(await handle.stat({ bigint: true })) !== identity) throw changedWhileRead(place);
      return null;
    }
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, head.size - position));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) throw changedWhileRead(place);
    position += bytesRead;
    return chunk.subarray(0, bytesRead);
  }

  const body = new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      nextChunk().then(
        (chunk) => this.destroyed || this.push(chunk),
        (thrown: unknown) => this.destroy(toStoreError(thrown, place) as Error),
      );
    },
    destroy(error, callback) {
      // Waits for a read under way.
      handle.close().then(
        () => callback(error),
        (closeError: Error) => callback(error ?? closeError),
      );
    },
  });
  return signal === undefined ? body : addAbortSignal(signal, body);
}
