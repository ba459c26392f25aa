import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../../src/storage/object-store.js';
import { OUTPUT } from '../../../support/pipeline.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import {
  type AnnouncedFile,
  announce,
  type BatchAnswer,
  getBatch,
  problemIn,
  serveApi,
  settleAsDead,
  settleAsResult,
  upload,
} from './serve-api.js';

const AWKWARD = [
  'photo.jpg',
  'photo.jpg',
  '../../etc/passwd',
  'Größe & Maß 100%.png',
  "äöü?#[]@!$&'()*+,;=.jpeg",
  '日本語 写真.png',
  '🦊'.repeat(100),
  '.hidden',
  'a'.repeat(1_000),
  ' ',
  'x.part/y\\z:*?"<>|.gif',
  'name\nwith\tcontrols\u0000.png',
];

describe('POST /v1/uploads', () => {
  it('gives links that take what was announced, whatever the files are called', async () => {
    const api = await serveApi();
    const announced = await announce(
      api,
      AWKWARD.map((name) => ({ name })),
    );
    expect(announced.files.map(({ name }) => name)).toEqual(AWKWARD);
    expect(new Set(announced.files.map(({ key }) => key)).size).toBe(AWKWARD.length);
    for (const [at, file] of announced.files.entries()) await upload(file, `bytes ${at}`);
    const batch = await getBatch(api, announced.batch);
    expect(batch).toMatchObject({
      state: 'working',
      counts: { total: AWKWARD.length, pending: AWKWARD.length },
    });
    expect(batch.files.map(({ name }) => name)).toEqual(AWKWARD);
    // The service is told at once of each.
    expect(api.nudged.sort()).toEqual(announced.files.map(({ key }) => key).sort());
  });

  it('says where the batch is, and how long its links work', async () => {
    const api = await serveApi();
    const response = await api.post('/uploads', {
      files: [{ name: 'a.png', type: 'image/png' }],
      expiresIn: 60,
    });
    expect(response.status).toBe(201);
    const { batch, files } = (await response.json()) as Awaited<ReturnType<typeof announce>>;
    expect(response.headers.get('location')).toBe(`/v1/batches/${batch}`);
    const { upload: link } = files[0] ?? expect.fail('there is no file');
    expect(link.headers).toEqual({ 'content-type': 'image/png' });
    expect(Date.parse(link.expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
    expect(
      (await fetch(link.url, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/html' } })).status,
    ).toBe(403);
  });

  it('tells every mistake at once, and announces nothing then', async () => {
    const api = await serveApi();
    const files = [
      { name: 'a.png', options: { format: 'gif', colour: 'red' } },
      { name: 'fine.png' },
      { name: 'half.tmp' },
      { name: 'large.png', size: 2_000_000 },
    ];
    const { errors = [] } = await problemIn(await api.post('/uploads', { files }), 400);
    expect(errors.map(({ path }) => path)).toEqual([
      'body/files/0/options',
      'body/files/0/options',
      'body/files/2/name',
      'body/files/3/size',
    ]);
    expect(errors[0]?.message).toMatch(/colour/);
    for await (const { key } of api.store.list(OUTPUT)) expect.fail(`${key} was written`);
  });

  it.each([
    ['no files', { files: [] }],
    ['too many', { files: Array.from({ length: 1_001 }, () => ({ name: 'x' })) }],
    ['no name', { files: [{}] }],
    ['something that nobody knows', { files: [{ name: 'x', colour: 'red' }] }],
    ['a link for too long', { files: [{ name: 'x' }], expiresIn: 700_000 }],
    [
      'more options than there are',
      {
        files: [
          { name: 'x', options: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`o${at}`, 1])) },
        ],
      },
    ],
    ['a type that would be another header', { files: [{ name: 'x', type: 'image/png\r\nx: y' }] }],
  ])('refuses %s', async (_, body) => {
    const api = await serveApi();
    expect(await problemIn(await api.post('/uploads', body), 400)).toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('takes JSON alone, and not too much of it', async () => {
    const { call } = await serveApi();
    const send = (type: string, body: string) =>
      call('/uploads', { method: 'POST', headers: { 'content-type': type }, body });
    await problemIn(await send('text/plain', '{}'), 415);
    await problemIn(await send('application/json', '{'), 400);
    await problemIn(await send('application/json', `"${'x'.repeat(1024 * 1024)}"`), 413);
  });
});

describe('GET /v1/batches/{id}', () => {
  it('goes with the files: waiting, working, finished', async () => {
    const api = await serveApi();
    const { batch, files } = await announce(api, [{ name: 'a.png' }, { name: 'b.png' }, { name: 'c.png' }]);
    const [a, b, c] = files;
    if (!a || !b || !c) return expect.fail('three files were announced');
    expect(await getBatch(api, batch)).toMatchObject({
      id: batch,
      state: 'waiting',
      counts: { total: 3, waiting: 3 },
    });
    await upload(a, 'a');
    expect(await getBatch(api, batch)).toMatchObject({
      state: 'working',
      counts: { waiting: 2, pending: 1 },
    });
    await Promise.all([upload(b, 'b'), upload(c, 'c')]);
    await Promise.all([settleAsResult(api.store, a.key), settleAsDead(api.store, b.key)]);
    expect(await getBatch(api, batch)).toMatchObject({
      state: 'working',
      counts: { pending: 1, done: 1, failed: 1 },
    });
    await settleAsResult(api.store, c.key);
    const finished = await getBatch(api, batch);
    expect(finished).toMatchObject({ state: 'finished', counts: { done: 2, failed: 1, pending: 0 } });
    expect(await (await fetch(finished.files[0]?.result?.url ?? '')).text()).toMatch(/^cut-out of/);
    expect(finished.files[1]).toMatchObject({ state: 'failed', error: { code: 'IMAGE_CORRUPT' } });
  });

  it('says the same of each file as GET /v1/objects', async () => {
    const api = await serveApi();
    const { batch, files } = await announce(
      api,
      ['a', 'b', 'c', 'd'].map((name) => ({ name })),
    );
    for (const file of files.slice(0, 3)) await upload(file, file.name);
    await settleAsResult(api.store, files[0]?.key ?? '');
    await settleAsDead(api.store, files[1]?.key ?? '');
    for (const file of (await getBatch(api, batch)).files) {
      const alone = await (await api.call(`/objects?key=${encodeURIComponent(file.key)}`)).json();
      expect({ ...(alone as object), version: undefined }).toEqual({ ...file, version: undefined });
    }
  });

  it('takes back what it said of a file that is uploaded again, or whose result is gone', async () => {
    const api = await serveApi();
    const { batch, files } = await announce(api, [{ name: 'a' }, { name: 'b' }]);
    for (const file of files) {
      await upload(file, 'first');
      await settleAsResult(api.store, file.key);
    }
    const [a, b] = (await getBatch(api, batch)).files;
    expect([a?.state, b?.state]).toEqual(['done', 'done']);
    await upload(files[0], 'second');
    await api.store.delete(OUTPUT, new URL(b?.result?.url ?? '').pathname.replace('/results/', ''));
    expect((await getBatch(api, batch)).files.map(({ state }) => state)).toEqual(['pending', 'pending']);
  });

  it('answers 404 to an unknown id, and 400 to what is no id', async () => {
    const api = await serveApi();
    expect(await problemIn(await api.call(`/batches/${'a'.repeat(26)}`), 404)).toMatchObject({
      code: 'BATCH_NOT_FOUND',
    });
    await problemIn(await api.call('/batches/..%2f..%2frecords'), 400);
  });

  it('takes a few requests for a thousand files, also in a process that has seen none of them', async () => {
    const root = await temporaryFolder();
    let requests = 0;
    const through = (store: ObjectStore) => asS3(store, () => (requests += 1));
    const first = await serveApi({ root, through });
    const names = Array.from({ length: 1_000 }, (_, at) => ({ name: `${at}.png` }));
    const { batch, files } = await announce(first, names);
    const settle = async ({ key, name }: AnnouncedFile) => {
      await first.store.put('uploads', key, Buffer.from(name));
      await settleAsDead(first.store, key);
    };
    for (let at = 0; at < files.length; at += 50) await Promise.all(files.slice(at, at + 50).map(settle));
    expect(await getBatch(first, batch)).toMatchObject({ state: 'finished', counts: { failed: 1_000 } });
    const digest = first.context.areas.digestKey(batch);
    await expect.poll(() => first.store.head(OUTPUT, digest)).toBeDefined();

    const second = await serveApi({ root, through });
    requests = 0;
    expect(await getBatch(second, batch)).toMatchObject({ state: 'finished', counts: { failed: 1_000 } });
    expect(requests).toBeLessThanOrEqual(8);
    // One that is written again since is not taken from the digest.
    await first.store.put('uploads', files[7]?.key ?? '', Buffer.from('another'));
    await settleAsResult(first.store, files[7]?.key ?? '');
    const third = await getBatch(await serveApi({ root, through }), batch);
    expect(third.counts).toMatchObject({ failed: 999, done: 1 });
  }, 120_000);

  it('is the same for two processes on one store', async () => {
    const root = await temporaryFolder();
    const [one, other] = [await serveApi({ root }), await serveApi({ root })];
    const { batch, files } = await announce(one, [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    await upload(files[0], 'a');
    await upload(files[1], 'b');
    await settleAsResult(other.store, files[0]?.key ?? '');
    const withoutLinks = ({ files, ...rest }: BatchAnswer) => ({
      ...rest,
      files: files.map(({ result, source: _, ...file }) => ({
        ...file,
        result: { ...result, url: '', expiresAt: '' },
      })),
    });
    expect(withoutLinks(await getBatch(other, batch))).toEqual(withoutLinks(await getBatch(one, batch)));
  });
});

describe('waiting', () => {
  it('answers as soon as something changed, and at once where something has', async () => {
    const api = await serveApi();
    const { batch, files } = await announce(api, [{ name: 'a' }]);
    const before = await getBatch(api, batch);
    const waiting = getBatch(api, batch, `?wait=60&since=${before.version}`);
    await upload(files[0], 'a');
    const after = await waiting;
    expect(after).toMatchObject({ state: 'working', counts: { pending: 1 } });
    expect(await getBatch(api, batch, `?wait=60&since=${before.version}`)).toEqual(after);
  });

  it('answers at once where nothing more will change', async () => {
    const api = await serveApi();
    const { batch, files } = await announce(api, [{ name: 'a' }]);
    await upload(files[0], 'a');
    await settleAsResult(api.store, files[0]?.key ?? '');
    const { version } = await getBatch(api, batch);
    expect(await getBatch(api, batch, `?wait=60&since=${version}`)).toMatchObject({ state: 'finished' });
    const key = encodeURIComponent(files[0]?.key ?? '');
    expect(await (await api.call(`/objects?key=${key}&wait=60`)).json()).toMatchObject({ state: 'done' });
  });

  it('ends with the time that was asked for', async () => {
    const api = await serveApi();
    const { batch } = await announce(api, [{ name: 'a' }]);
    expect(await getBatch(api, batch, '?wait=1')).toMatchObject({ state: 'waiting' });
    await problemIn(await api.call(`/batches/${batch}?wait=61`), 400);
  });
});

/** The same store with listings as those of S3, and every request counted; a listing counts as one. */
function asS3(store: ObjectStore, count: () => void): ObjectStore {
  return {
    ...store,
    get: (...args) => {
      count();
      return store.get(...args);
    },
    put: (...args) => {
      count();
      return store.put(...args);
    },
    async *list(bucket, options) {
      count();
      for await (const summary of store.list(bucket, options)) {
        const head = await store.head(bucket, summary.key);
        yield { ...summary, ...(head && { etag: head.etag }) };
      }
    },
    head: (...args) => {
      count();
      return store.head(...args);
    },
  };
}
