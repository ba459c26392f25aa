import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { BUCKET, MAX_UPLOAD, openFiles, problemOf, send, serve } from './serve.js';

describe('GET and HEAD', () => {
  it('send the object with all that describes it', async () => {
    const { store } = await serve();
    const { etag, lastModified } = await store.put(BUCKET, 'a.png', Buffer.from('content'));
    const { url } = await store.presignGet(BUCKET, 'a.png', { expiresIn: 60 });
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(url, { method });
      expect(response.status).toBe(200);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'image/png',
        'content-length': '7',
        etag: `"${etag}"`,
        'last-modified': lastModified.toUTCString(),
        'cache-control': 'private, no-cache',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
        'access-control-allow-origin': '*',
      });
      expect(await response.text()).toBe(method === 'GET' ? 'content' : '');
    }
  });

  it('answer 304 to whoever has the version already', async () => {
    const { store } = await serve();
    const { etag } = await store.put(BUCKET, 'a', Buffer.from('content'));
    const { url } = await store.presignGet(BUCKET, 'a', { expiresIn: 60 });
    const statusFor = async (tag: string, method: string) =>
      (await fetch(url, { method, headers: { 'if-none-match': tag } })).status;
    for (const method of ['GET', 'HEAD']) {
      for (const tag of [`"${etag}"`, `W/"${etag}"`, `"x", "${etag}"`, '*'])
        expect(await statusFor(tag, method)).toBe(304);
      expect(await statusFor('"another"', method)).toBe(200);
    }
  });

  it('send a content type as it was stored', async () => {
    const { store } = await serve();
    for (const contentType of ['application/json', 'text/plain', 'image/svg+xml; charset=utf-8']) {
      await store.put(BUCKET, 'a', Buffer.from('{}'), { contentType });
      const { url } = await store.presignGet(BUCKET, 'a', { expiresIn: 60 });
      expect((await fetch(url)).headers.get('content-type')).toBe(contentType);
    }
  });

  it.skipIf(process.platform !== 'linux')('let go of the file when the client goes away', async () => {
    const { store, url } = await serve();
    await store.put(BUCKET, 'large', Buffer.alloc(20_000_000));
    const link = await store.presignGet(BUCKET, 'large', { expiresIn: 60 });
    const isOpen = async () => (await openFiles()).some((path) => path.endsWith('/large'));
    const controller = new AbortController();
    const response = await fetch(link.url, { signal: controller.signal });
    await response.body?.getReader().read();
    expect(await isOpen()).toBe(true);
    controller.abort();
    await expect.poll(isOpen).toBe(false);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('PUT', () => {
  it('stores the upload under its type, and tells the ETag', async () => {
    const { store } = await serve();
    const { url } = await store.presignPut(BUCKET, 'folder/a', { expiresIn: 60 });
    const response = await fetch(url, {
      method: 'PUT',
      body: 'content',
      headers: { 'content-type': 'image/webp' },
    });
    expect(response.status).toBe(200);
    expect(await store.head(BUCKET, 'folder/a')).toMatchObject({
      contentType: 'image/webp',
      size: 7,
      etag: response.headers.get('etag')?.replaceAll('"', ''),
    });
  });

  it('takes JSON and forms as the bytes they are', async () => {
    const { store } = await serve();
    for (const contentType of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
      const { url } = await store.presignPut(BUCKET, 'a', { expiresIn: 60 });
      await fetch(url, { method: 'PUT', body: '{"not": json', headers: { 'content-type': contentType } });
      expect(await text((await store.get(BUCKET, 'a')).body)).toBe('{"not": json');
    }
  });

  it('may be empty, and without a type', async () => {
    const { store, url } = await serve();
    const link = await store.presignPut(BUCKET, 'a.png', { expiresIn: 60 });
    expect((await send(url, link.url.slice(url.length), 'PUT')).status).toBe(200);
    expect(await store.head(BUCKET, 'a.png')).toMatchObject({ size: 0, contentType: 'image/png' });
  });

  it('answers 413 to an upload that says it is too large', async () => {
    const { store } = await serve();
    const { url } = await store.presignPut(BUCKET, 'a', { expiresIn: 60 });
    const response = await fetch(url, { method: 'PUT', body: Buffer.alloc(MAX_UPLOAD + 1) });
    expect(response.status).toBe(413);
    expect(await problemOf(response)).toMatchObject({ code: 'IMAGE_TOO_MANY_BYTES', status: 413 });
    expect(await store.head(BUCKET, 'a')).toBeUndefined();
  });

  it('answers 413 to an upload that turns out too large, whatever is still to come', async () => {
    const { store, root } = await serve();
    const { url } = await store.presignPut(BUCKET, 'a', { expiresIn: 60 });
    const upload = request(url, { method: 'PUT' });
    const chunks = 200;
    for (let chunk = 0; chunk < chunks; chunk += 1) upload.write(Buffer.alloc(MAX_UPLOAD / 50));
    upload.end();
    const sentAll = once(upload, 'finish');
    const [response] = await once(upload, 'response');
    expect(response.statusCode).toBe(413);
    expect(JSON.parse(await text(response))).toMatchObject({ code: 'IMAGE_TOO_MANY_BYTES' });
    await sentAll;
    expect(await store.head(BUCKET, 'a')).toBeUndefined();
    expect(await readdir(join(root, '.clearcut', 'tmp'))).toEqual([]);
  });

  it('leaves nothing behind when the client goes away', async () => {
    const { store, root } = await serve();
    const { url } = await store.presignPut(BUCKET, 'a', { expiresIn: 60 });
    const upload = request(url, { method: 'PUT', headers: { 'content-length': '500000' } });
    upload.on('error', () => {});
    upload.write(Buffer.alloc(100_000));
    const temporary = () => readdir(join(root, '.clearcut', 'tmp'));
    await expect.poll(temporary).toHaveLength(1);
    upload.destroy();
    await expect.poll(temporary).toHaveLength(0);
    expect(await store.head(BUCKET, 'a')).toBeUndefined();
  });

  it('reads nothing of an upload without a link', async () => {
    const { url, root } = await serve();
    const response = await fetch(`${url}/${BUCKET}/a`, { method: 'PUT', body: Buffer.alloc(10_000) });
    expect(response.status).toBe(403);
    expect(await readdir(join(root, BUCKET))).toEqual([]);
  });
});

describe('CORS', () => {
  it('lets a page of any origin use a link', async () => {
    const { store } = await serve();
    const { url } = await store.presignPut(BUCKET, 'a', { expiresIn: 60 });
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.com', 'access-control-request-method': 'PUT' },
    });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, PUT',
      'access-control-allow-headers': 'content-type, if-none-match',
    });
    const refused = await fetch(url, { headers: { origin: 'https://example.com' } });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  });
});
