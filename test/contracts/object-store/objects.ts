import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { collect, expectCode, type StoreTest } from './store-test.js';

export function describeObjects(test: StoreTest): void {
  describe('one object', () => {
    it('gives back what was put', async () => {
      const before = Date.now();
      const stored = await test.put('a.bin', 'content', {
        contentType: 'image/webp',
        metadata: { 'clearcut-source-etag': 'abc', other: 'with space; and = signs' },
      });
      const expected = {
        key: test.key('a.bin'),
        size: 7,
        contentType: 'image/webp',
        metadata: { 'clearcut-source-etag': 'abc', other: 'with space; and = signs' },
      };
      expect(stored).toMatchObject(expected);
      expect(await test.head('a.bin')).toMatchObject(expected);
      const { head: got, body } = await test.store().get(test.bucket(), test.key('a.bin'));
      expect(got).toMatchObject(expected);
      expect((await buffer(body)).toString()).toBe('content');
      // Clocks of store and test may differ; a minute says that it is a time, and in which unit.
      expect(Math.abs(got.lastModified.getTime() - before)).toBeLessThan(60_000);
    });

    it('has the same ETag, without quotes, in PUT, HEAD and GET', async () => {
      const { etag } = await test.put('a');
      expect(etag).toMatch(/^[^"]+$/);
      expect((await test.head('a'))?.etag).toBe(etag);
      const { head: got, body } = await test.store().get(test.bucket(), test.key('a'));
      body.destroy();
      expect(got.etag).toBe(etag);
    });

    it('has no other ETag in a listing, if any', async () => {
      const { etag } = await test.put('listed');
      const [listed] = await collect(test.store().list(test.bucket(), { prefix: test.key('listed') }));
      expect(listed?.key).toBe(test.key('listed'));
      expect([etag, undefined]).toContain(listed?.etag);
    });

    it('changes its ETag with the content', async () => {
      const first = await test.put('a', 'one');
      const second = await test.put('a', 'two');
      expect(second.etag).not.toBe(first.etag);
      expect((await test.head('a'))?.etag).toBe(second.etag);
    });

    it('is replaced whole, metadata included', async () => {
      await test.put('a', 'a longer first content', {
        contentType: 'image/png',
        metadata: { version: '1', old: 'yes' },
      });
      await test.put('a', 'second', { contentType: 'image/webp', metadata: { version: '2' } });
      expect(await test.read('a')).toBe('second');
      expect(await test.head('a')).toMatchObject({ size: 6, contentType: 'image/webp' });
      expect((await test.head('a'))?.metadata).toEqual({ version: '2' });
    });

    it('may be empty', async () => {
      await test.put('empty', '');
      expect(await test.head('empty')).toMatchObject({ size: 0 });
      expect(await test.read('empty')).toBe('');
    });

    it('is gone after a delete, and deleting it again does nothing', async () => {
      await test.put('folder/a');
      await test.store().delete(test.bucket(), test.key('folder/a'));
      expect(await test.head('folder/a')).toBeUndefined();
      expect(await test.keysOf({ prefix: test.prefix() })).toEqual([]);
      await test.store().delete(test.bucket(), test.key('folder/a'));
      await test.store().delete(test.bucket(), test.key('never/was'));
    });

    it('can be put again after a delete, without the metadata it had', async () => {
      await test.put('a', 'same', { metadata: { version: '1' } });
      await test.store().delete(test.bucket(), test.key('a'));
      await test.put('a', 'same');
      expect((await test.head('a'))?.metadata).toEqual({});
    });

    it('has the tags that it was put with, whatever they say', async () => {
      const tags = { 'clearcut:format': 'webp', 'clearcut:bg-color': 'white', 'two words': 'a+b=c/d @ e' };
      await test.put('a', 'a', { tags });
      expect(await test.tags('a')).toEqual(tags);
      expect((await test.head('a'))?.metadata).toEqual({});
    });

    it('has no tags unless it was given some, nor those of the version before', async () => {
      await test.put('a', 'first', { tags: { version: '1' } });
      await test.put('a', 'second');
      expect(await test.tags('a')).toEqual({});
    });

    it('keeps every byte of a large stream', async () => {
      const chunk = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 31) % 251));
      const chunks = Array.from({ length: 100 }, () => chunk);
      const stored = await test.store().put(test.bucket(), test.key('large'), Readable.from(chunks));
      expect(stored.size).toBe(6_553_600);
      expect((await test.readBytes('large')).equals(Buffer.concat(chunks))).toBe(true);
    });

    it('lets a key lie inside the name of another', async (context) => {
      test.needs(context, 'key inside a key');
      await test.put('a');
      await test.put('a/b');
      expect(await test.read('a')).toBe('a');
      expect(await test.read('a/b')).toBe('a/b');
    });
  });

  describe('what is missing', () => {
    it('has no head', async () => {
      expect(await test.head('nothing')).toBeUndefined();
    });

    it('throws OBJECT_NOT_FOUND on get', async () => {
      await expectCode(test.store().get(test.bucket(), test.key('nothing')), 'OBJECT_NOT_FOUND');
    });

    it('throws OBJECT_NOT_FOUND when asked for its tags', async () => {
      await expectCode(test.tags('nothing'), 'OBJECT_NOT_FOUND');
    });

    it('throws BUCKET_NOT_FOUND where the bucket is missing', async () => {
      const missing = 'clearcut-missing-bucket';
      await expectCode(test.store().get(missing, 'a'), 'BUCKET_NOT_FOUND');
      await expectCode(test.store().put(missing, 'a', Buffer.from('a')), 'BUCKET_NOT_FOUND');
      await expectCode(test.store().tags(missing, 'a'), 'BUCKET_NOT_FOUND');
      await expectCode(test.store().delete(missing, 'a'), 'BUCKET_NOT_FOUND');
      await expectCode(collect(test.store().list(missing)), 'BUCKET_NOT_FOUND');
    });

    it('makes a bucket once, and keeps its objects when asked again', async () => {
      await test.put('a');
      await test.store().ensureBucket(test.bucket());
      expect(await test.read('a')).toBe('a');
    });
  });
}
