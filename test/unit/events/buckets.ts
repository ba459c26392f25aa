import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import { deadLetterKey, recordKey } from '../../../src/storage/keys.js';
import type { ObjectHead, ObjectStore } from '../../../src/storage/object-store.js';
import { SOURCE_ETAG } from '../../../src/storage/source-etag.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

export const HOUR = 60 * 60 * 1000;

/** In the future, as no file can be made to look older than it is; further apart than any doubt reaches. */
export const EARLIER = new Date(Date.now() + 24 * HOUR);
export const LATER = new Date(EARLIER.getTime() + HOUR);

export const INPUT = { bucket: 'uploads', prefix: '' };

export const placeOf = (key: string) => ({
  bucket: 'results',
  recordKey: recordKey('records/', key),
  deadLetterKey: deadLetterKey('dead-letters/', key),
});

/** A directory store with inputs and outcomes whose times the test decides. */
export interface Buckets {
  readonly root: string;
  readonly store: ObjectStore;
  /** An object as if it had been written at that moment; without one, now. */
  putFile(bucket: string, key: string, at?: Date): Promise<void>;
  putInput(key: string, at?: Date): Promise<void>;
  /** LATER by default, as `putDeadLetter`. */
  putRecord(key: string, at?: Date): Promise<void>;
  putDeadLetter(key: string, at?: Date): Promise<void>;
  /** An outcome made from this version of an input, written after `source` but no longer than it takes. */
  putOutcome(key: string, source: ObjectHead, etag: string): Promise<void>;
}

export async function openBuckets(): Promise<Buckets> {
  const root = await temporaryFolder();
  const store = await createDirectoryStore({ root });
  await store.ensureBucket('uploads');
  await store.ensureBucket('results');

  async function putFile(bucket: string, key: string, at?: Date): Promise<void> {
    const path = join(root, bucket, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'content');
    if (at !== undefined) await utimes(path, at, at);
  }

  return {
    root,
    store,
    putFile,
    putInput: (key, at) => putFile('uploads', key, at),
    putRecord: (key, at = LATER) => putFile('results', placeOf(key).recordKey, at),
    putDeadLetter: (key, at = LATER) => putFile('results', placeOf(key).deadLetterKey, at),
    async putOutcome(key, source, etag) {
      // Time stamps of files advance in steps.
      for (let outcome = source; outcome.lastModified <= source.lastModified; )
        outcome = await store.put('results', key, Buffer.from('{}'), { metadata: { [SOURCE_ETAG]: etag } });
    },
  };
}
