import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lastModifiedOf } from '../../../src/storage/directory/last-modified.js';
import { BUCKET, HOURS_AGO, openStore } from './open-store.js';

describe('when an object was last modified', () => {
  it('is when its file was moved in, however old the content', async () => {
    const { store, root, bucket } = await openStore();
    const { lastModified: before } = await store.put(BUCKET, 'a', Buffer.from('finished'));
    await mkdir(join(root, 'elsewhere'));
    await writeFile(join(root, 'elsewhere', 'b'), 'of long ago');
    await utimes(join(root, 'elsewhere', 'b'), HOURS_AGO, HOURS_AGO);
    await rename(join(root, 'elsewhere', 'b'), join(bucket, 'a'));
    const head = await store.head(BUCKET, 'a');
    expect(head?.lastModified.getTime()).toBeGreaterThanOrEqual(before.getTime());
    for await (const { lastModified } of store.list(BUCKET)) {
      expect(lastModified.getTime()).toBeGreaterThanOrEqual(before.getTime());
    }
    expect.assertions(2);
  });

  it.each([{}, { ifNoneMatch: '*' }] as const)('is what a put returns (%o)', async (options) => {
    const { store } = await openStore();
    const { lastModified } = await store.put(BUCKET, 'a', Buffer.from('x'), options);
    expect(await store.head(BUCKET, 'a')).toMatchObject({ lastModified });
  });

  it('is the later of the two times, in whole milliseconds', () => {
    expect(lastModifiedOf({ mtimeMs: 1.5, ctimeMs: 2.9 })).toEqual(new Date(2));
    expect(lastModifiedOf({ mtimeMs: 3n, ctimeMs: 2n })).toEqual(new Date(3));
  });
});
