import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

export const BUCKET = 'uploads';
export const HOURS_AGO = new Date(Date.now() - 2 * 60 * 60 * 1000);

export async function openStore(): Promise<{ store: ObjectStore; root: string; bucket: string }> {
  const root = await temporaryFolder();
  const store = await createDirectoryStore({ root });
  await store.ensureBucket(BUCKET);
  return { store, root, bucket: join(root, BUCKET) };
}

export async function keysOf(store: ObjectStore, options = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(BUCKET, options)) keys.push(key);
  return keys;
}

export const read = async (store: ObjectStore, key: string) => text((await store.get(BUCKET, key)).body);
export const md5 = (content: string) => createHash('md5').update(content).digest('hex');

export async function sidecarsIn(root: string): Promise<string[]> {
  const files = await readdir(join(root, '.clearcut', 'meta'), { recursive: true, withFileTypes: true });
  return files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
}
