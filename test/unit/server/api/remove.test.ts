import { request } from 'node:http';
import sharp from 'sharp';
import { describe, expect, it, test } from 'vitest';
import type { ObjectStore } from '../../../../src/storage/object-store.js';
import { drawSubject } from '../../../support/draw.js';
import { INPUT } from '../../../support/pipeline.js';
import { until } from '../../../support/until.js';
import { problemIn, type ServedApi, serveApi, settleAsResult } from './serve-api.js';
import { serveService } from './serve-service.js';

const PNG = { 'content-type': 'image/png' };
const ASYNC = { ...PNG, prefer: 'respond-async' };

function send(
  { call }: Pick<ServedApi, 'call'>,
  bytes: Uint8Array,
  headers: Record<string, string> = PNG,
  query = '',
) {
  return call(`/remove${query}`, { method: 'POST', headers, body: bytes });
}

async function inputs(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(INPUT)) keys.push(key);
  return keys;
}

describe('POST /v1/remove on a running service', () => {
  it('gives the cut-out for the picture, which is in the bucket like every upload', async () => {
    const api = await serveService();
    const answer = await send(api, await drawSubject({ format: 'png' }));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(answer.headers.get('clearcut-verdict')).toBe('subject');
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 240, hasAlpha: true });
    const key = answer.headers.get('clearcut-key') ?? '';
    expect(await inputs(api.store)).toEqual([key]);
    const object = await (await api.call(`/objects?key=${key}`)).json();
    expect(object).toMatchObject({ key, state: 'done' });
  });

  it('takes options as parameters', async () => {
    const api = await serveService();
    const query = '?format=jpg&bg_color=ff0000&max-side=60';
    const answer = await send(api, await drawSubject({ format: 'png' }), PNG, query);
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    const { data, info } = await sharp(Buffer.from(await answer.arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info.width).toBe(60);
    expect([...data.subarray(0, 3)].map((value) => Math.round(value / 255))).toEqual([1, 0, 0]);
  });

  it.each([
    ['text', Buffer.from('no picture'), 'FORMAT_UNSUPPORTED'],
    ['nothing', Buffer.alloc(0), 'IMAGE_EMPTY'],
  ])('says why %s is no picture', async (_, bytes, code) => {
    const api = await serveService();
    const problem = await problemIn(await send(api, bytes, { 'content-type': 'image/jpeg' }), 422);
    expect(problem).toMatchObject({ code, detail: expect.any(String), remedy: expect.any(String) });
  });

  it('does not need to know what kind of picture it is', async () => {
    const api = await serveService();
    const bytes = await drawSubject({ format: 'webp' });
    for (const type of ['application/octet-stream', 'application/x-www-form-urlencoded', 'image/gif'])
      expect((await send(api, bytes, { 'content-type': type })).status).toBe(200);
  });
});

it('says where to ask when the client would not wait', async () => {
  const api = await serveApi();
  const answer = await send(api, Buffer.from('picture'), ASYNC);
  expect(answer.status).toBe(202);
  expect(answer.headers.get('preference-applied')).toBe('respond-async');
  expect(answer.headers.get('retry-after')).toBe('2');
  const { key } = (await answer.json()) as { key: string };
  expect(api.nudged).toEqual([key]);
  const location = answer.headers.get('location') ?? '';
  expect(await (await fetch(new URL(location, api.url))).json()).toMatchObject({ key, state: 'pending' });
});

it('finds an outcome that another process stored, of which nobody tells here', async () => {
  const api = await serveApi();
  const answering = send(api, Buffer.from('picture'));
  await until(() => api.nudged.length === 1);
  const [key = ''] = api.nudged;
  await settleAsResult(api.store, key);
  expect(await (await answering).text()).toMatch(/^cut-out of/);
});

it('looks again at once where this process stored the outcome', async () => {
  // Nothing but the news can end the wait.
  const api = await serveApi({ context: { watching: { minPauseMs: 3_600_000, maxPauseMs: 3_600_000 } } });
  const answering = send(api, Buffer.from('picture'));
  await until(() => api.nudged.length === 1);
  const [key = ''] = api.nudged;
  await settleAsResult(api.store, key);
  api.api.touch(key);
  expect((await answering).status).toBe(200);
});

it('keeps the upload of a client that goes away', async () => {
  const api = await serveApi();
  const sent = request(`${api.url}/v1/remove`, { method: 'POST', headers: PNG });
  sent.on('error', () => {});
  sent.end('picture');
  await until(() => api.nudged.length === 1);
  sent.destroy();
  const [key = ''] = api.nudged;
  await settleAsResult(api.store, key);
  expect(await (await api.call(`/objects?key=${key}`)).json()).toMatchObject({ state: 'done' });
});

it('stores nothing of an upload that breaks off', async () => {
  const puts: Array<'begun' | 'refused'> = [];
  const through = (store: ObjectStore): ObjectStore => ({
    ...store,
    put: async (...call) => {
      puts.push('begun');
      try {
        return await store.put(...call);
      } catch (error) {
        puts.push('refused');
        throw error;
      }
    },
  });
  const api = await serveApi({ through });
  const sent = request(`${api.url}/v1/remove`, {
    method: 'POST',
    headers: { ...PNG, 'content-length': 100 },
  });
  sent.on('error', () => {});
  sent.write('half');
  await until(() => puts.length === 1);
  sent.destroy();
  await until(() => puts.length === 2);
  expect(puts).toEqual(['begun', 'refused']);
  expect(await inputs(api.store)).toEqual([]);
  expect(api.nudged).toEqual([]);
});

describe('what is refused before a byte is stored', () => {
  test.each([
    ['JSON', 415, { 'content-type': 'application/json' }, ''],
    ['JSON of some kind', 415, { 'content-type': 'application/ld+json; charset=utf-8' }, ''],
    ['a form', 415, { 'content-type': 'multipart/form-data; boundary=x' }, ''],
    ['text', 415, { 'content-type': 'Text/Plain' }, ''],
    ['an unknown option', 400, PNG, '?colour=red'],
    ['one option twice', 400, PNG, '?format=png&format=webp'],
    ['options that contradict each other', 400, PNG, '?format=jpg'],
    ['a value that metadata cannot carry', 400, PNG, '?bg-image=backgrounds/%C3%A4.png'],
  ])('%s', async (_, status, headers, query) => {
    const api = await serveApi();
    await problemIn(await send(api, Buffer.from('{}'), headers, query), status);
    expect(await inputs(api.store)).toEqual([]);
  });

  test('every wrong option at once', async () => {
    const api = await serveApi();
    const answer = await send(api, Buffer.from('x'), PNG, '?colour=red&quality=200');
    const { code, errors } = await problemIn(answer, 400);
    expect(code).toBe('OPTIONS_INVALID');
    expect(errors?.map(({ message }) => message)).toEqual([
      expect.stringContaining('colour'),
      expect.stringContaining('quality'),
    ]);
  });

  test('a type that the service leaves alone', async () => {
    const api = await serveApi({ context: { accepts: (_bucket, key) => key.endsWith('.jpg') } });
    await problemIn(await send(api, Buffer.from('x'), PNG), 415);
    expect((await send(api, Buffer.from('x'), { ...ASYNC, 'content-type': 'image/jpeg' })).status).toBe(202);
  });

  test('too many bytes, with and without saying so', async () => {
    const api = await serveApi({ context: { maxBytes: 1_000 } });
    const large = Buffer.alloc(1_001);
    await problemIn(await send(api, large), 413);
    const streamed = await api.call('/remove', {
      method: 'POST',
      headers: PNG,
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    await problemIn(streamed, 413);
    expect(await inputs(api.store)).toEqual([]);
  });
});

test('a server that closes answers those who wait with where to ask', async () => {
  const api = await serveApi();
  const answering = send(api, Buffer.from('picture'));
  await until(() => api.nudged.length === 1);
  await api.close();
  expect((await answering).status).toBe(202);
});
