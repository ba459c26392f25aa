import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readWhole } from '../../../src/storage/read-whole.js';

const CHUNKS = ['abc', 'defg', 'h'];
const TEXT = 'abcdefgh';

function contentOf(chunks: readonly string[], size: number) {
  const body = Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );
  const head = { key: 'a.jpg', size, lastModified: new Date(0), etag: 'e', contentType: 'x/y', metadata: {} };
  return { head, body };
}

describe('the bytes of an object', () => {
  test.each([
    ['as long as the store says', TEXT.length],
    ['longer', 2],
    ['of a length that the store does not say', 0],
    ['shorter', 100],
  ])('come whole and in a buffer of their own: %s', async (_, size) => {
    const bytes = await readWhole(contentOf(CHUNKS, size));
    expect(Buffer.from(bytes).toString()).toBe(TEXT);
    expect(bytes.buffer.byteLength).toBe(TEXT.length);
  });

  test('may be none', async () => {
    expect(await readWhole(contentOf([], 0))).toHaveLength(0);
  });

  test('fail as their body does', async () => {
    const { head } = contentOf([], 3);
    const body = new Readable({
      read() {
        this.destroy(new Error('broken off'));
      },
    });
    await expect(readWhole({ head, body })).rejects.toThrow('broken off');
  });
});
