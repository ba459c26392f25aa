import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { expect, it } from 'vitest';
import type { ObjectStore } from '../../../../src/storage/object-store.js';
import { drawSubject } from '../../../support/draw.js';
import { INPUT } from '../../../support/pipeline.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { until } from '../../../support/until.js';
import { unzip } from '../../../support/unzip.js';
import { problemIn, type ServedApi, serveApi, settleAsDead, settleAsResult } from './serve-api.js';
import { serveService } from './serve-service.js';

async function announce({ post }: ServedApi, ...names: string[]) {
  const answer = await post('/uploads', { files: names.map((name) => ({ name })) });
  return (await answer.json()) as { batch: string; files: Array<{ key: string; upload: { url: string } }> };
}

async function download({ call }: ServedApi, batch: string) {
  const answer = await call(`/batches/${batch}/zip`);
  expect(answer.headers.get('content-type')).toBe('application/zip');
  expect(answer.headers.get('content-disposition')).toContain(`clearcut-${batch}.zip`);
  return unzip(await temporaryFolder(), Readable.fromWeb(answer.body as ReadableStream));
}

it('holds the results by the names of their files, and says what became of the others', async () => {
  const api = await serveApi();
  const { batch, files } = await announce(
    api,
    'a/Chair.jpg',
    'chair.png',
    'bad.jpg',
    'late.jpg',
    'never.jpg',
  );
  for (const [at, { key }] of files.entries()) {
    if (at < 4) await api.store.put(INPUT, key, Buffer.from(`picture ${at}`));
    if (at < 2) await settleAsResult(api.store, key);
    if (at === 2) await settleAsDead(api.store, key);
  }
  expect(await download(api, batch)).toEqual([
    ['Chair.png', expect.stringMatching(/^cut-out of/)],
    ['chair (2).png', expect.stringMatching(/^cut-out of/)],
    [
      'failed.txt',
      [
        'bad.jpg: It is damaged. Upload it again.',
        'late.jpg: It is not done yet.',
        'never.jpg: It was not uploaded.',
        '',
      ].join('\n'),
    ],
  ]);
});

it('holds cut-out and mask where both were asked for', async () => {
  const api = await serveService();
  const answer = await api.post('/uploads', { files: [{ name: 'a.png', options: { output: 'both' } }] });
  const { batch, files } = (await answer.json()) as Awaited<ReturnType<typeof announce>>;
  await fetch(files[0]?.upload.url ?? '', {
    method: 'PUT',
    body: new Uint8Array(await drawSubject({ format: 'png' })),
  });
  await api.call(`/batches/${batch}?wait=30`);
  await until(async () => {
    const { state } = (await (await api.call(`/batches/${batch}`)).json()) as { state: string };
    return state === 'finished';
  });
  expect((await download(api, batch)).map(([name]) => name)).toEqual(['a.png', 'a.mask.png']);
});

it('breaks off where the store fails, so that nobody takes half of it for the whole', async () => {
  const through = (store: ObjectStore): ObjectStore => ({
    ...store,
    get: async (bucket, key, options) => {
      if (key.endsWith('b.jpg.cutout.png')) throw new Error('the disk is gone');
      return store.get(bucket, key, options);
    },
  });
  const api = await serveApi({ through });
  const { batch, files } = await announce(api, 'a.jpg', 'b.jpg');
  for (const { key } of files) {
    await api.store.put(INPUT, key, Buffer.from(key));
    await settleAsResult(api.store, key);
  }
  await expect((async () => (await api.call(`/batches/${batch}/zip`)).arrayBuffer())()).rejects.toThrow();
});

it('is there for batches alone', async () => {
  const { call } = await serveApi();
  await problemIn(await call(`/batches/${'a'.repeat(26)}/zip`), 404);
  await problemIn(await call('/batches/nothing/zip'), 400);
});
