import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { expectCode, type StoreTest } from './store-test.js';

export function describeWrites(test: StoreTest): void {
  describe('conditions', () => {
    it('ifNoneMatch lets exactly one of ten writers win', async () => {
      const writers = Array.from({ length: 10 }, (_, index) =>
        test.put('contested', `writer ${index}`, { ifNoneMatch: '*', metadata: { writer: String(index) } }),
      );
      const results = await Promise.allSettled(writers);
      const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      expect(winners).toHaveLength(1);
      expect(await test.read('contested')).toBe(`writer ${winners[0]}`);
      expect((await test.head('contested'))?.metadata).toEqual({ writer: String(winners[0]) });
      for (const result of results) {
        if (result.status === 'rejected')
          expect(result.reason).toMatchObject({ code: 'PRECONDITION_FAILED' });
      }
    });

    it('ifNoneMatch refuses to replace an object, and leaves it as it was', async () => {
      await test.put('a', 'first', { metadata: { version: '1' } });
      await expectCode(test.put('a', 'second', { ifNoneMatch: '*' }), 'PRECONDITION_FAILED');
      expect(await test.read('a')).toBe('first');
      expect((await test.head('a'))?.metadata).toEqual({ version: '1' });
    });

    it('ifNoneMatch writes again after a delete', async () => {
      await test.put('a', 'first');
      await test.store().delete(test.bucket(), test.key('a'));
      await test.put('a', 'second', { ifNoneMatch: '*' });
      expect(await test.read('a')).toBe('second');
    });

    it('ifMatch replaces the version it names', async (context) => {
      test.needs(context, 'ifMatch');
      const { etag } = await test.put('a', 'first');
      await test.put('a', 'second', { ifMatch: etag });
      expect(await test.read('a')).toBe('second');
    });

    it('ifMatch refuses a stale version and a missing object', async (context) => {
      test.needs(context, 'ifMatch');
      const { etag } = await test.put('a', 'first');
      await test.put('a', 'second');
      await expectCode(test.put('a', 'third', { ifMatch: etag }), 'PRECONDITION_FAILED');
      expect(await test.read('a')).toBe('second');
      await expectCode(test.put('missing', 'x', { ifMatch: etag }), 'PRECONDITION_FAILED');
      expect(await test.head('missing')).toBeUndefined();
    });

    it('ifMatch lets exactly one of ten writers win', async (context) => {
      test.needs(context, 'ifMatch');
      const { etag } = await test.put('a', 'first');
      const writers = Array.from({ length: 10 }, (_, index) =>
        test.put('a', `writer ${index}`, { ifMatch: etag }),
      );
      const results = await Promise.allSettled(writers);
      const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      expect(winners).toHaveLength(1);
      expect(await test.read('a')).toBe(`writer ${winners[0]}`);
    });
  });

  describe('limits and broken streams', () => {
    it('get errors with IMAGE_TOO_MANY_BYTES beyond maxBytes, and not at it', async () => {
      await test.put('a', 'x'.repeat(1000));
      const readWith = async (maxBytes: number) =>
        buffer((await test.store().get(test.bucket(), test.key('a'), { maxBytes })).body);
      await expectCode(readWith(999), 'IMAGE_TOO_MANY_BYTES');
      expect(await readWith(1000)).toHaveLength(1000);
    });

    it.each([
      ['bytes', () => Buffer.alloc(1001)],
      ['a stream', () => Readable.from([Buffer.alloc(600), Buffer.alloc(401)])],
    ])('put refuses %s beyond maxBytes, and nothing is stored', async (_kind, body) => {
      const key = test.key('a');
      await expectCode(
        test.store().put(test.bucket(), key, body(), { maxBytes: 1000 }),
        'IMAGE_TOO_MANY_BYTES',
      );
      expect(await test.store().head(test.bucket(), key)).toBeUndefined();
      await test.store().put(test.bucket(), key, body(), { maxBytes: 1001 });
      expect(await test.store().head(test.bucket(), key)).toMatchObject({ size: 1001 });
    });

    it('a stream that fails leaves nothing behind', async () => {
      await expect(test.store().put(test.bucket(), test.key('a'), failingStream())).rejects.toThrow(
        'the upload broke off',
      );
      expect(await test.head('a')).toBeUndefined();
      expect(await test.keysOf({ prefix: test.prefix() })).toEqual([]);
    });

    it('a stream that fails leaves the earlier version as it was', async () => {
      const { etag } = await test.put('a', 'first', { metadata: { version: '1' } });
      await expect(test.store().put(test.bucket(), test.key('a'), failingStream())).rejects.toThrow(
        'the upload broke off',
      );
      expect(await test.read('a')).toBe('first');
      expect(await test.head('a')).toMatchObject({ etag, metadata: { version: '1' } });
    });

    it('a stream that is destroyed before it is read leaves nothing behind', async () => {
      const body = failingStream();
      const pending = test.store().put(test.bucket(), test.key('a'), body);
      body.destroy(new Error('the client went away'));
      await expect(pending).rejects.toThrow();
      expect(await test.head('a')).toBeUndefined();
    });

    it('get stops when its signal aborts', async () => {
      await test.store().put(test.bucket(), test.key('large'), Buffer.alloc(4 * 1024 * 1024));
      const controller = new AbortController();
      const { body } = await test
        .store()
        .get(test.bucket(), test.key('large'), { signal: controller.signal });
      controller.abort();
      await expect(buffer(body)).rejects.toMatchObject({ name: 'AbortError' });
    });
  });
}

function failingStream(): Readable {
  return Readable.from(
    (async function* () {
      yield Buffer.alloc(100_000);
      // Later than the first chunk, as when a connection breaks.
      await sleep(1);
      throw new Error('the upload broke off');
    })(),
  );
}
