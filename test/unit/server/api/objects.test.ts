import { describe, expect, it } from 'vitest';
import { ClearcutError } from '../../../../src/errors.js';
import type { ObjectStore } from '../../../../src/storage/object-store.js';
import { problemIn, serveApi, settleAsDead, settleAsResult } from './serve-api.js';

const KEY = 'folder/a photo (1) ü.png';
const path = (key: string) => `/objects?key=${encodeURIComponent(key)}`;

describe('GET /v1/objects', () => {
  it('tells of an upload until its result, which the link gives', async () => {
    const { call, store } = await serveApi();
    await problemIn(await call(path(KEY)), 404);
    await store.put('uploads', KEY, Buffer.from('picture'));
    expect(await (await call(path(KEY))).json()).toMatchObject({
      key: KEY,
      name: 'a photo (1) ü.png',
      state: 'pending',
      size: 7,
    });
    await settleAsResult(store, KEY);
    const done = (await (await call(path(KEY))).json()) as {
      result: { url: string };
      source: { url: string };
    };
    expect(done).toMatchObject({
      state: 'done',
      result: {
        kind: 'cutout',
        contentType: 'image/png',
        width: 40,
        height: 30,
        box: { left: 1 },
        verdict: { subject: true },
      },
    });
    expect(await (await fetch(done.result.url)).text()).toMatch(/^cut-out of/);
    expect(await (await fetch(done.source.url)).text()).toBe('picture');
  });

  it('tells what became of a bad picture', async () => {
    const { call, store } = await serveApi();
    await store.put('uploads', KEY, Buffer.from('damaged'));
    await settleAsDead(store, KEY);
    expect(await (await call(path(KEY))).json()).toMatchObject({
      state: 'failed',
      error: { code: 'IMAGE_CORRUPT', message: 'It is damaged.', remedy: 'Upload it again.' },
    });
  });

  it('says nothing of an outcome whose input was uploaded again', async () => {
    const { call, store } = await serveApi();
    await store.put('uploads', KEY, Buffer.from('first'));
    await settleAsResult(store, KEY);
    await store.put('uploads', KEY, Buffer.from('second'));
    const answer = await (await call(path(KEY))).json();
    expect(answer).toMatchObject({ state: 'pending' });
    expect(answer).not.toHaveProperty('result');
  });

  it('tells the service once of an upload that no event tells of', async () => {
    const { call, store, nudged } = await serveApi({ context: { discovers: true } });
    await store.put('uploads', KEY, Buffer.from('first'));
    for (let time = 0; time < 3; time += 1) await call(path(KEY));
    expect(nudged).toEqual([KEY]);
    await store.put('uploads', KEY, Buffer.from('second'));
    await call(path(KEY));
    expect(nudged).toEqual([KEY, KEY]);
    await settleAsResult(store, KEY);
    await call(path(KEY));
    expect(nudged).toHaveLength(2);
  });

  it('knows nothing of objects that are not ours to process', async () => {
    const { call, store } = await serveApi();
    await store.put('uploads', 'half.tmp', Buffer.from('x'));
    await problemIn(await call(path('half.tmp')), 404);
  });

  it('names every mistake of a request', async () => {
    const { call } = await serveApi();
    const problem = await problemIn(await call('/objects'), 400);
    expect(problem).toMatchObject({ code: 'REQUEST_INVALID', errors: [{ path: 'querystring/key' }] });
    await problemIn(await call(path('x'.repeat(2_000))), 400);
    await problemIn(await call(path('../../etc/passwd')), 400);
  });

  it('answers 503 and when to come again while the store is down, and does not say where it is', async () => {
    const through = (store: ObjectStore): ObjectStore => ({
      ...store,
      head: async () => {
        throw new ClearcutError('STORE_UNAVAILABLE', 'connect ECONNREFUSED 10.1.2.3:9000');
      },
    });
    const { call } = await serveApi({ through });
    const response = await call(path(KEY));
    expect(response.headers.get('retry-after')).toBe('5');
    const problem = await problemIn(response, 503);
    expect(JSON.stringify(problem)).not.toContain('10.1.2.3');
  });
});

it('answers what is not there in JSON, and leaves links alone', async () => {
  const { call, url } = await serveApi();
  await problemIn(await call('/nothing'), 404);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await problemIn(await fetch(`${url}/uploads/a.png`), 403);
});

it('describes itself as OpenAPI 3.1, without a token', async () => {
  const { url } = await serveApi({ tokens: 'a:read:0123456789abcdef' });
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { components: { schemas: object } };
  expect(document).toMatchObject({
    openapi: '3.1.0',
    paths: { '/v1/objects': { get: { operationId: 'getObject' } } },
  });
  expect(Object.keys(document.components.schemas)).toContain('File');
});
