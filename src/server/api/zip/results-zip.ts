import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { makeZip } from 'client-zip';
import { ClearcutError } from '../../../errors.js';
import type { ObjectStore } from '../../../storage/object-store.js';
import { EntryNames } from './entry-names.js';

/** One file of a batch, as far as an archive of the results has to know it. */
export type ZippedFile =
  | { readonly name: string; readonly pictures: readonly ZippedPicture[] }
  | { readonly name: string; readonly missing: string };

export interface ZippedPicture {
  readonly bucket: string;
  readonly key: string;
  /** Ending of its name in the archive, such as `.png`. */
  readonly ending: string;
}

/** Tells of the files that have no picture in the archive; there only where there are such. */
const FAILED = 'failed.txt';

/**
 * An archive of the pictures, stored as they are: PNG, WebP, AVIF and JPEG do not get smaller. Nothing is read before
 * the reader asks for it, and one picture is open at a time, so that neither their size nor their number matters.
 * Where the store fails the stream fails: whoever reads it must see that the archive is incomplete.
 */
export function zipResults(
  files: AsyncIterable<ZippedFile> | Iterable<ZippedFile>,
  store: ObjectStore,
): Readable {
  return Readable.fromWeb(makeZip(entries(files, store)) as ReadableStream<Uint8Array>);
}

interface Entry {
  readonly name: string;
  readonly input: AsyncIterable<Uint8Array> | string;
  readonly lastModified: Date;
}

async function* entries(
  files: AsyncIterable<ZippedFile> | Iterable<ZippedFile>,
  store: ObjectStore,
): AsyncGenerator<Entry> {
  const names = new EntryNames();
  const failed: string[] = [];
  // Taken before any client's name could be it.
  names.next(FAILED, '.txt');
  for await (const file of files) {
    if ('missing' in file) {
      failed.push(`${file.name}: ${file.missing}`);
      continue;
    }
    for (const { bucket, key, ending } of file.pictures) {
      const content = await openOrUndefined(store, bucket, key);
      if (content === undefined) {
        failed.push(`${file.name}: its result was removed.`);
        continue;
      }
      const { head, body } = content;
      try {
        yield { name: names.next(file.name, ending), input: body, lastModified: head.lastModified };
      } finally {
        // The reader may have gone away in the middle of it.
        body.destroy();
      }
    }
  }
  if (failed.length > 0) yield { name: FAILED, input: linesOf(failed), lastModified: new Date() };
}

/** A name may hold line breaks, and could then look like the line of another file. */
function linesOf(failed: readonly string[]): string {
  return failed.map((line) => `${line.replaceAll(/\p{Cc}+/gu, ' ')}\n`).join('');
}

async function openOrUndefined(store: ObjectStore, bucket: string, key: string) {
  try {
    return await store.get(bucket, key);
  } catch (error) {
    if (error instanceof ClearcutError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}
