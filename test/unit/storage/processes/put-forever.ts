import { createDirectoryStore } from '../../../../src/storage/directory/store.js';

/**
 * Replaces five objects again and again, each version filled with its own number, until it is killed. Writes a dot
 * for every put that completed.
 */
const [root = '', bucket = '', first = '0'] = process.argv.slice(2);
const store = await createDirectoryStore({ root });
let version = Number(first);

async function replaceForever(key: string): Promise<never> {
  for (;;) {
    version += 1;
    const bytes = Buffer.alloc(100_000 + (version % 7) * 1000, version % 256);
    await store.put(bucket, key, bytes, { metadata: { fill: String(version % 256) } });
    process.stdout.write('.');
  }
}

await Promise.all(['a', 'b', 'folder/c', 'folder/d', 'folder/deep/e'].map(replaceForever));
