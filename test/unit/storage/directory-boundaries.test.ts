import { execFile } from 'node:child_process';
import { mkdir, open, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { BUCKET, keysOf, openStore } from './open-store.js';

describe('symbolic links', () => {
  it('out of the bucket are neither listed nor followed', async () => {
    const { store, bucket } = await openStore();
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(join(outside, 'secret'), join(bucket, 'file-link'));
    await symlink(outside, join(bucket, 'folder-link'));
    await symlink('loop', join(bucket, 'loop'));
    await mkdir(join(outside, 'deep'));
    await writeFile(join(outside, 'deep', 'secret'), 'secret');

    expect(await keysOf(store)).toEqual([]);
    expect(await keysOf(store, { prefix: 'folder-link/' })).toEqual([]);
    expect(await keysOf(store, { prefix: 'folder-link/deep/' })).toEqual([]);
    for (const key of ['file-link', 'folder-link/secret', 'folder-link/deep/secret', 'loop', 'loop/x']) {
      expect(await store.head(BUCKET, key)).toBeUndefined();
      await expect(store.get(BUCKET, key)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
      await store.delete(BUCKET, key);
      await expect(store.put(BUCKET, key, Buffer.from('x'))).rejects.toMatchObject({ code: 'KEY_INVALID' });
    }
    expect((await readdir(outside, { recursive: true })).sort()).toEqual(['deep', 'deep/secret', 'secret']);
  });

  it('in place of a bucket are no bucket', async () => {
    const { store, root } = await openStore();
    await symlink(await temporaryFolder(), join(root, 'linked'));
    await expect(store.head('linked', 'a')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await expect(store.put('linked', 'a', Buffer.from('x'))).rejects.toMatchObject({
      code: 'BUCKET_NOT_FOUND',
    });
    await expect(store.ensureBucket('linked')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
  });

  it('on the way to the root are fine', async () => {
    const { root } = await openStore();
    const link = join(await temporaryFolder(), 'link');
    await symlink(root, link);
    const store = await createDirectoryStore({ root: link });
    await store.put(BUCKET, 'a/b', Buffer.from('x'));
    expect(await keysOf(store)).toEqual(['a/b']);
  });
});

describe('what is not an object', () => {
  it.skipIf(process.platform === 'win32')('is neither listed nor opened: pipes', async () => {
    const { store, bucket } = await openStore();
    await promisify(execFile)('mkfifo', [join(bucket, 'pipe')]);
    expect(await keysOf(store)).toEqual([]);
    expect(await store.head(BUCKET, 'pipe')).toBeUndefined();
    await expect(store.put(BUCKET, 'pipe', Buffer.from('x'))).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it('a folder cannot be written as a file, nor a file as a folder', async () => {
    const { store } = await openStore();
    await store.put(BUCKET, 'file', Buffer.from('x'));
    await store.put(BUCKET, 'folder/file', Buffer.from('x'));
    for (const key of ['folder', 'file/inside', 'file/deep/inside']) {
      for (const options of [{}, { ifNoneMatch: '*' as const }]) {
        await expect(store.put(BUCKET, key, Buffer.from('y'), options)).rejects.toMatchObject({
          code: 'KEY_INVALID',
        });
      }
      expect(await store.head(BUCKET, key)).toBeUndefined();
      await store.delete(BUCKET, key);
    }
    expect(await keysOf(store)).toEqual(['file', 'folder/file']);
  });

  it.skipIf(process.platform !== 'linux')('a name that is not UTF-8 is passed over', async () => {
    const { store, bucket } = await openStore();
    const name = Buffer.concat([Buffer.from(`${bucket}/`), Buffer.from([0x61, 0xff, 0x62])]);
    await (await open(name, 'w')).close();
    await store.put(BUCKET, 'b', Buffer.from('x'));
    expect(await keysOf(store)).toEqual(['b']);
  });

  it('the internal folder is no bucket', async () => {
    const { store } = await openStore();
    await expect(store.head('.clearcut', 'meta')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await expect(store.ensureBucket('.clearcut')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(store.get('..', 'etc/passwd')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
  });
});

describe('list', () => {
  it('goes on when folders vanish or are renamed meanwhile', async () => {
    const { store, bucket } = await openStore();
    for (const key of ['a/1', 'b/1', 'c/1', 'd/1']) await store.put(BUCKET, key, Buffer.from('x'));
    const keys: string[] = [];
    for await (const { key } of store.list(BUCKET)) {
      keys.push(key);
      if (key === 'a/1') {
        await rm(join(bucket, 'b'), { recursive: true });
        await rename(join(bucket, 'c'), join(bucket, 'z'));
      }
    }
    expect(keys).toEqual(['a/1', 'd/1']);
  });

  it('does not leave the bucket for any prefix', async () => {
    const { store, root } = await openStore();
    await store.put(BUCKET, 'a', Buffer.from('x'));
    await mkdir(join(root, 'other'));
    await writeFile(join(root, 'other', 'b'), 'x');
    for (const prefix of ['../other/', '/', './', 'x/../', '..', '../../']) {
      expect(await keysOf(store, { prefix })).toEqual([]);
    }
  });
});
