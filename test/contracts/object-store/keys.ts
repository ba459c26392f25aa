import { describe, expect, it } from 'vitest';
import { collect, LONG_KEY, ODD_KEYS, type StoreTest } from './store-test.js';

export function describeKeys(test: StoreTest): void {
  describe('keys', () => {
    it.each(ODD_KEYS)('%s comes back exactly', async (key) => {
      await test.put(key, `content of ${key}`, { metadata: { odd: 'yes' } });
      expect(await test.head(key)).toMatchObject({ key: test.key(key), metadata: { odd: 'yes' } });
      expect(await test.read(key)).toBe(`content of ${key}`);
      expect(await test.keysOf({ prefix: test.prefix() })).toEqual([test.key(key)]);
      await test.store().delete(test.bucket(), test.key(key));
      expect(await test.head(key)).toBeUndefined();
    });

    it('may have 900 bytes', async () => {
      expect(Buffer.byteLength(LONG_KEY)).toBe(900);
      await test.put(LONG_KEY, 'long');
      expect(await test.read(LONG_KEY)).toBe('long');
      expect(await test.keysOf({ prefix: test.prefix() })).toEqual([test.key(LONG_KEY)]);
    });

    it('that differ only in encoding are different objects', async () => {
      const keys = ['a b', 'a+b', 'a%20b', 'a%2Bb'];
      for (const key of keys) await test.put(key);
      for (const key of keys) expect(await test.read(key)).toBe(key);
    });
  });

  describe('list', () => {
    it('is empty where there is nothing', async () => {
      expect(await test.keysOf({ prefix: test.prefix() })).toEqual([]);
    });

    it('tells key, size and time of each object', async () => {
      await test.put('a', '12345');
      const [summary] = await collect(test.store().list(test.bucket(), { prefix: test.prefix() }));
      const { lastModified } = (await test.head('a')) ?? {};
      expect(summary).toMatchObject({ key: test.key('a'), size: 5 });
      // The listings of some servers have milliseconds, HTTP headers have not.
      expect(
        Math.abs((summary?.lastModified.getTime() ?? 0) - (lastModified?.getTime() ?? 1e12)),
      ).toBeLessThan(1000);
    });

    it('goes by the UTF-8 bytes of the whole keys', async () => {
      // "-", "." < "/" < "0"; and U+FF61 < U+1F98A in UTF-8, but not in UTF-16.
      const sorted = ['A', 'a-/x', 'a.txt', 'a/b', 'a/b.c', 'a0', 'b', 'ä', '｡', '🦊'];
      for (const key of [...sorted].reverse()) await test.put(key);
      expect(await test.keysOf({ prefix: test.prefix() })).toEqual(sorted.map((key) => test.key(key)));
    });

    it('keeps to a prefix, which may end inside a segment', async () => {
      for (const key of ['ab/c', 'ab/d', 'abc', 'abd/e', 'b']) await test.put(key);
      const under = async (start: string) =>
        (await test.keysOf({ prefix: test.key(start) })).map(test.withoutPrefix);
      expect(await under('ab')).toEqual(['ab/c', 'ab/d', 'abc', 'abd/e']);
      expect(await under('ab/')).toEqual(['ab/c', 'ab/d']);
      expect(await under('ab/d')).toEqual(['ab/d']);
      expect(await under('abd/e/')).toEqual([]);
      expect(await under('x')).toEqual([]);
    });

    it('starts after a key, whether that exists or not', async () => {
      const keys = ['a', 'b/a', 'b/b', 'b/c/d', 'b0', 'c'];
      for (const key of keys) await test.put(key);
      const listAfter = async (start: string) =>
        (await test.keysOf({ prefix: test.prefix(), startAfter: test.key(start) })).map(test.withoutPrefix);
      for (const [index, key] of keys.entries()) expect(await listAfter(key)).toEqual(keys.slice(index + 1));
      expect(await listAfter('b/')).toEqual(keys.slice(1));
      expect(await listAfter('b/bb')).toEqual(keys.slice(3));
      expect(await listAfter('b/c/')).toEqual(keys.slice(3));
      expect(await listAfter('b/c/e')).toEqual(keys.slice(4));
      expect(await listAfter('d')).toEqual([]);
    });

    it('goes on beyond a thousand keys', async () => {
      const keys = Array.from({ length: 1050 }, (_, index) => test.key(String(index).padStart(5, '0')));
      await inParallel(keys, (key) => test.store().put(test.bucket(), key, Buffer.from('x')));
      expect(await test.keysOf({ prefix: test.prefix() })).toEqual(keys);
      expect(await test.keysOf({ prefix: test.prefix(), startAfter: keys[1040] ?? '' })).toEqual(
        keys.slice(1041),
      );
    });
  });
}

async function inParallel<Item>(
  items: readonly Item[],
  action: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await action(item);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
