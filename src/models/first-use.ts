import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ClearcutError } from '../errors.js';
import type { ModelFolder } from './cache.js';
import type { FileHashes } from './hashes.js';

const recordSchema = z.object({
  sha256: z.string(),
  size: z.number(),
  from: z.string(),
  takenAt: z.string(),
});

/**
 * Trust on first use, for weights of which no hash is known: the first file is taken and its hash noted beside the
 * cache's files; any other is refused from then on. Call it with the lock held. Throws MODEL_CHECKSUM_MISMATCH, with
 * the file removed.
 */
export async function trustFirstUse(
  folder: ModelFolder,
  file: string,
  { sha256, size }: FileHashes,
  from: string,
): Promise<void> {
  const note = join(folder.path, 'first-use.json');
  const before = await readFile(note, 'utf8').then(
    (text) => recordSchema.parse(JSON.parse(text)),
    () => undefined,
  );
  if (before === undefined) {
    const record = { sha256, size, from, takenAt: new Date().toISOString() };
    return writeFile(note, `${JSON.stringify(record, null, 2)}\n`);
  }
  if (before.sha256 === sha256) return;
  await rm(file, { force: true });
  throw new ClearcutError(
    'MODEL_CHECKSUM_MISMATCH',
    `What came from ${from} has SHA-256 ${sha256}, but what was taken on ${before.takenAt} had ${before.sha256}.`,
    { remedy: `Find out why it changed. If that is as it should be, remove ${note}.` },
  );
}
