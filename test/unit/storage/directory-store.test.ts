import { appendFile, cp, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { BUCKET, HOURS_AGO, keysOf, md5, openStore, read, sidecarsIn } from './open-store.js';

describe('files in a bucket', () => {
  it('lie under their natural names', async () => {
    const { store, bucket } = await openStore();
    await store.put(BUCKET, 'Füße/a b.png', Buffer.from('x'));
    expect(await readFile(join(bucket, 'Füße', 'a b.png'), 'utf8')).toBe('x');
  });

  it('that people put there are objects with an ETag and a type', async () => {
    const { store, bucket } = await openStore();
    await mkdir(join(bucket, 'holiday'));
    await writeFile(join(bucket, 'holiday', 'beach.jpg'), 'picture');
    expect(await keysOf(store)).toEqual(['holiday/beach.jpg']);
    expect(await store.head(BUCKET, 'holiday/beach.jpg')).toMatchObject({
      etag: md5('picture'),
      size: 7,
      contentType: 'image/jpeg',
      metadata: {},
    });
    await store.put(BUCKET, 'holiday/beach.jpg', Buffer.from('new'), { ifMatch: md5('picture') });
    expect(await read(store, 'holiday/beach.jpg')).toBe('new');
  });

  it('that people change lose metadata and ETag of the earlier content', async () => {
    const { store, bucket } = await openStore();
    await store.put(BUCKET, 'a', Buffer.from('first'), {
      metadata: { version: '1' },
      contentType: 'image/png',
    });
    await writeFile(join(bucket, 'a'), 'other');
    expect(await store.head(BUCKET, 'a')).toMatchObject({
      etag: md5('other'),
      metadata: {},
      contentType: 'application/octet-stream',
    });
  });

  it('are not hashed again while they are unchanged', async () => {
    const { store, root, bucket } = await openStore();
    await writeFile(join(bucket, 'a'), 'old enough');
    await utimes(join(bucket, 'a'), HOURS_AGO, HOURS_AGO);
    await store.head(BUCKET, 'a');
    const [sidecar = ''] = await sidecarsIn(root);
    // A marker in place of the hash: it comes back only if the file is not read.
    await writeFile(sidecar, (await readFile(sidecar, 'utf8')).replace(md5('old enough'), 'marker'));
    expect((await store.head(BUCKET, 'a'))?.etag).toBe('marker');
    await appendFile(join(bucket, 'a'), '!');
    expect((await store.head(BUCKET, 'a'))?.etag).toBe(md5('old enough!'));
  });

  it('changed within the resolution of time stamps are still seen', async () => {
    const { store, bucket } = await openStore();
    const path = join(bucket, 'a');
    // A whole second, as file systems with coarse stamps have it.
    const now = new Date(Math.ceil(Date.now() / 1000) * 1000);
    await writeFile(path, 'one');
    await utimes(path, now, now);
    expect((await store.head(BUCKET, 'a'))?.etag).toBe(md5('one'));
    await writeFile(path, 'two');
    await utimes(path, now, now);
    expect((await store.head(BUCKET, 'a'))?.etag).toBe(md5('two'));
  });

  it('keep their metadata when the whole folder is copied', async () => {
    const { store, root } = await openStore();
    const metadata = { 'clearcut-source-etag': 'abc' };
    await store.put(BUCKET, 'a/b.png', Buffer.from('x'), { metadata, contentType: 'image/webp' });
    const copy = join(await temporaryFolder(), 'copy');
    await cp(root, copy, { recursive: true });
    const copied = await createDirectoryStore({ root: copy });
    expect(await copied.head(BUCKET, 'a/b.png')).toMatchObject({ metadata, contentType: 'image/webp' });
    await writeFile(join(copy, BUCKET, 'a', 'b.png'), 'y');
    expect((await copied.head(BUCKET, 'a/b.png'))?.metadata).toEqual({});
  });

  it('survive a damaged sidecar', async () => {
    const { store, root } = await openStore();
    await store.put(BUCKET, 'a', Buffer.from('x'), { metadata: { version: '1' } });
    for (const sidecar of await sidecarsIn(root)) await writeFile(sidecar, '{"key":');
    expect(await store.head(BUCKET, 'a')).toMatchObject({ etag: md5('x'), metadata: {} });
  });

  it('leave no sidecars or temporary files behind when they are replaced and deleted', async () => {
    const { store, root } = await openStore();
    await store.put(BUCKET, 'a', Buffer.from('1'));
    await store.put(BUCKET, 'a', Buffer.from('2'));
    await store.put(BUCKET, 'b', Buffer.from('2'), { ifNoneMatch: '*' });
    await expect(store.put(BUCKET, 'b', Buffer.from('3'), { ifNoneMatch: '*' })).rejects.toThrow();
    expect(await sidecarsIn(root)).toHaveLength(2);
    await store.delete(BUCKET, 'a');
    await store.delete(BUCKET, 'b');
    expect(await sidecarsIn(root)).toEqual([]);
    expect(await readdir(join(root, '.clearcut', 'tmp'))).toEqual([]);
  });
});

describe('a body', () => {
  it('is the version of its head, even if the object is replaced meanwhile', async () => {
    const { store } = await openStore();
    await store.put(BUCKET, 'a', Buffer.alloc(1_000_000, 'a'), { metadata: { version: 'a' } });
    const { head, body } = await store.get(BUCKET, 'a');
    await store.put(BUCKET, 'a', Buffer.alloc(500_000, 'b'), { metadata: { version: 'b' } });
    const bytes = await buffer(body);
    expect(bytes.equals(Buffer.alloc(1_000_000, 'a'))).toBe(true);
    expect(head.metadata).toEqual({ version: 'a' });
  });

  it.each([
    ['appended to', (path: string) => appendFile(path, 'more')],
    ['cut short', (path: string) => writeFile(path, 'short')],
    ['written over', (path: string) => writeFile(path, Buffer.alloc(1_000_000, 'b'))],
  ])('fails rather than belie its ETag when the file is %s meanwhile', async (_how, change) => {
    const { store, bucket } = await openStore();
    const path = join(bucket, 'a');
    await writeFile(path, Buffer.alloc(1_000_000, 'a'));
    await utimes(path, HOURS_AGO, HOURS_AGO);
    const { body } = await store.get(BUCKET, 'a');
    await change(path);
    await expect(buffer(body)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', permanence: 'transient' });
  });
});

describe('two processes on one folder', () => {
  it('never both win with ifNoneMatch, and the loser leaves nothing behind', async () => {
    const { store, root } = await openStore();
    // Stores share nothing but the folder, as processes do.
    const stores = await Promise.all(Array.from({ length: 8 }, () => createDirectoryStore({ root })));
    for (let round = 0; round < 10; round += 1) {
      const key = `contested-${round}`;
      const puts = stores.map((one, writer) =>
        one.put(BUCKET, key, Buffer.from(`writer ${writer}`), {
          ifNoneMatch: '*',
          metadata: { writer: String(writer) },
        }),
      );
      const results = await Promise.allSettled(puts);
      const winners = results.flatMap(({ status }, writer) => (status === 'fulfilled' ? [writer] : []));
      expect(winners).toHaveLength(1);
      expect(await read(store, key)).toBe(`writer ${winners[0]}`);
      expect((await store.head(BUCKET, key))?.metadata).toEqual({ writer: String(winners[0]) });
      expect(await sidecarsIn(root)).toHaveLength(round + 1);
    }
  });
});

describe('delete', () => {
  it('removes folders that became empty, up to the bucket', async () => {
    const { store, bucket } = await openStore();
    await store.put(BUCKET, 'a/b/c/d', Buffer.from('x'));
    await store.put(BUCKET, 'a/e', Buffer.from('x'));
    await store.delete(BUCKET, 'a/b/c/d');
    expect(await readdir(join(bucket, 'a'))).toEqual(['e']);
    await store.delete(BUCKET, 'a/e');
    expect(await readdir(bucket)).toEqual([]);
  });

  it('never takes the folder from under a concurrent put', async () => {
    const { store } = await openStore();
    for (let round = 0; round < 50; round += 1) {
      const folder = `a/b${round % 3}`;
      await store.put(BUCKET, `${folder}/old`, Buffer.from('x'));
      await Promise.all([
        store.delete(BUCKET, `${folder}/old`),
        store.put(BUCKET, `${folder}/c/new`, Buffer.from('x')),
        store.put(BUCKET, `${folder}/new`, Buffer.from('x'), { ifNoneMatch: '*' }),
      ]);
      expect(await keysOf(store)).toEqual([`${folder}/c/new`, `${folder}/new`]);
      await Promise.all([store.delete(BUCKET, `${folder}/c/new`), store.delete(BUCKET, `${folder}/new`)]);
    }
  });
});

describe('opening', () => {
  it('removes what crashed writers left, and nothing that is being written', async () => {
    const { root } = await openStore();
    const temp = join(root, '.clearcut', 'tmp');
    await writeFile(join(temp, 'stale'), 'x');
    await utimes(join(temp, 'stale'), HOURS_AGO, HOURS_AGO);
    await writeFile(join(temp, 'fresh'), 'x');
    await createDirectoryStore({ root });
    expect(await readdir(temp)).toEqual(['fresh']);
  });

  it('keeps objects and metadata of the last time', async () => {
    const { store, root } = await openStore();
    const { etag, lastModified } = await store.put(BUCKET, 'a', Buffer.from('x'), { metadata: { v: '1' } });
    const again = await createDirectoryStore({ root });
    expect(await again.head(BUCKET, 'a')).toMatchObject({ etag, lastModified, metadata: { v: '1' } });
  });

  it('says that there is no way to issue links where there is none', async () => {
    const { store } = await openStore();
    await expect(store.presignGet(BUCKET, 'a', { expiresIn: 60 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('says where a bucket is missing, also for a head', async () => {
    const { store, root } = await openStore();
    await expect(store.head('missing', 'a')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await rm(join(root, BUCKET), { recursive: true });
    await expect(store.put(BUCKET, 'a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'BUCKET_NOT_FOUND',
    });
    await expect(stat(join(root, BUCKET))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
