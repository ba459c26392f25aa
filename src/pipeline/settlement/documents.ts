import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { ClearcutError } from '../../errors.js';
import type { ObjectStore, PutOptions } from '../../storage/object-store.js';
import { SOURCE_ETAG } from '../../storage/source-etag.js';
import type { DeadLetter, ResultRecord } from '../result-record.js';

/** One document as it was read, with the ETag that a conditional write needs. */
export interface Stored<Content> {
  readonly etag: string;
  readonly lastModified: Date;
  /** Undefined where the document is not ours or of an older layout: then it settles nothing and is written over. */
  readonly content: Content | undefined;
}

/** The largest record or dead letter that we write, with room to spare. */
const MAX_DOCUMENT_BYTES = 256 * 1024;

/** Undefined where there is none. */
export async function readDocument<Schema extends z.ZodType>(
  store: ObjectStore,
  bucket: string,
  key: string,
  schema: Schema,
  maxBytes = MAX_DOCUMENT_BYTES,
): Promise<Stored<z.infer<Schema>> | undefined> {
  try {
    const { head, body } = await store.get(bucket, key, { maxBytes });
    return {
      etag: head.etag,
      lastModified: head.lastModified,
      content: schema.safeParse(parseJson(await text(body))).data,
    };
  } catch (error) {
    if (error instanceof ClearcutError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}

/** `replaced`: the ETag of what was read there. Throws PRECONDITION_FAILED where something else is there now. */
export async function putDocument(
  store: ObjectStore,
  bucket: string,
  key: string,
  document: ResultRecord | DeadLetter,
  replaced: string | undefined,
): Promise<void> {
  await store.put(bucket, key, Buffer.from(`${JSON.stringify(document, null, 2)}\n`), {
    contentType: 'application/json',
    metadata: { [SOURCE_ETAG]: document.source.etag },
    ...onlyOver(replaced),
  });
}

/** The condition that the object is still the one that was read before (or that there still is none). */
export function onlyOver(etag: string | undefined): PutOptions {
  return etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
