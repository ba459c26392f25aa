import { once } from 'node:events';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { ClearcutError } from '../../../../src/errors.js';
import { type ZippedFile, zipResults } from '../../../../src/server/api/zip/results-zip.js';
import { createDirectoryStore } from '../../../../src/storage/directory/store.js';
import type { ObjectStore } from '../../../../src/storage/object-store.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { unzip } from '../../../support/unzip.js';
import { openFiles } from '../serve.js';

const BUCKET = 'results';

async function openStore(pictures: Readonly<Record<string, string>> = {}) {
  const root = await temporaryFolder();
  const store = await createDirectoryStore({ root });
  await store.ensureBucket(BUCKET);
  for (const [key, content] of Object.entries(pictures)) await store.put(BUCKET, key, Buffer.from(content));
  return { root, store };
}

function done(name: string, ...keys: string[]): ZippedFile {
  return {
    name,
    pictures: keys.map((key) => ({ bucket: BUCKET, key, ending: `.${key.split('.').at(-1)}` })),
  };
}

test('another program reads what was zipped, each picture under a name of its own', async () => {
  const { root, store } = await openStore({
    '1.png': 'one',
    '2.webp': 'two',
    '3.png': 'three',
    '3.jpg': 'm',
  });
  const files = [
    done('Ärger 1.JPG', '1.png'),
    done('ärger 1.heic', '3.png'),
    done('a/b/../photo.jpeg', '2.webp'),
    done('..', '3.png', '3.jpg'),
    done('failed.txt', '1.png'),
    done('con', '1.png'),
    done('b:ad\n?.x', '1.png'),
  ];
  expect(await unzip(root, zipResults(files, store))).toEqual([
    ['Ärger 1.png', 'one'],
    ['ärger 1 (2).png', 'three'],
    ['photo.webp', 'two'],
    ['_.png', 'three'],
    ['_.jpg', 'm'],
    ['failed.png', 'one'],
    ['con_.png', 'one'],
    ['b_ad _.png', 'one'],
  ]);
});

test('what has no picture is listed with the reason, a line each', async () => {
  const { root, store } = await openStore({ '1.png': 'one' });
  const files: ZippedFile[] = [
    { name: 'a.jpg', missing: 'The file is damaged.' },
    done('b.jpg', '1.png'),
    done('c\nd.jpg: fine.jpg', 'gone.png'),
  ];
  expect(await unzip(root, zipResults(files, store))).toEqual([
    ['b.png', 'one'],
    ['failed.txt', 'a.jpg: The file is damaged.\nc d.jpg: fine.jpg: its result was removed.\n'],
  ]);
});

test('an archive of nothing can be read', async () => {
  const { root, store } = await openStore();
  expect(await unzip(root, zipResults([], store))).toEqual([]);
});

test('nothing is read ahead of the reader, and one picture is open at a time', async () => {
  const { store } = await openStore();
  let open = 0;
  let read = 0;
  const chunk = Buffer.alloc(64 * 1024);
  const large: ObjectStore = {
    ...store,
    get: async (_bucket, key) => {
      expect(++open).toBe(1);
      const body = new Readable({
        highWaterMark: 1,
        read() {
          read += chunk.length;
          this.push(chunk);
        },
      });
      body.once('close', () => (open -= 1));
      const head = { key, size: 0, etag: '', contentType: '', metadata: {}, lastModified: new Date() };
      return { head, body };
    },
  };
  const zip = zipResults([done('endless.jpg', 'a.png')], large);
  let given = 0;
  for await (const part of zip) {
    given += part.length;
    // The buffers of the streams between are all there is: the picture itself has no end.
    expect(read - given).toBeLessThan(16 * chunk.length);
    if (given > 100 * chunk.length) break;
  }
  expect(read).toBeGreaterThan(100 * chunk.length);
  while (open > 0) await new Promise(setImmediate);
});

test('a reader that goes away leaves no file open', async () => {
  const { root, store } = await openStore({ 'a.png': 'x'.repeat(1_000_000) });
  const zip = zipResults([done('a.jpg', 'a.png'), done('b.jpg', 'a.png')], store);
  zip.once('data', () => zip.destroy());
  await once(zip, 'close');
  while ((await openFiles()).some((file) => file.startsWith(root))) await new Promise(setImmediate);
});

test('a store that fails in the middle fails the archive', async () => {
  const { root, store } = await openStore({ '1.png': 'one' });
  const failing: ObjectStore = {
    ...store,
    get: async (bucket, key) => {
      if (key === '1.png') return store.get(bucket, key);
      throw new ClearcutError('STORE_UNAVAILABLE', 'The store is down.');
    },
  };
  const zip = zipResults([done('a.jpg', '1.png'), done('b.jpg', '2.png')], failing);
  await expect(unzip(root, zip)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});
