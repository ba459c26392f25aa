import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ResultRecord } from '../../pipeline/result-record.js';
import type { ObjectStore } from '../../storage/object-store.js';

/** Copies cut-outs and records into a folder, each under the last part of its key. */
export async function keepResults(
  folder: string,
  store: ObjectStore,
  records: readonly ResultRecord[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const record of records) {
    const { bucket, key } = record.output;
    const { body } = await store.get(bucket, key);
    await pipeline(body, createWriteStream(join(folder, lastPart(key))));
    const name = `${lastPart(record.source.key)}.json`;
    await writeFile(join(folder, name), `${JSON.stringify(record, null, 2)}\n`);
  }
}

function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
