import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startMetricsServer } from '../../../src/server/metrics-server.js';
import { startServer } from '../../../src/server/server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { BUCKET, problemOf, send, serve } from './serve.js';

describe('what leads outside', () => {
  it('is refused however it is written', async () => {
    const { store, signer, url, root } = await serve();
    await store.put(BUCKET, 'a', Buffer.from('x'));
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'secret'), 'top secret');
    await symlink(outside, join(root, BUCKET, 'out'));
    const query = new URL(signer.presignGet(BUCKET, 'a', { expiresIn: 60 }).url).search;
    const paths = [
      '/../.clearcut/link-secret',
      '/.clearcut/link-secret',
      `/${BUCKET}/../.clearcut/link-secret`,
      `/${BUCKET}/%2e%2e/.clearcut/link-secret`,
      `/${BUCKET}/..%2f.clearcut%2flink-secret`,
      `/${BUCKET}/..\\.clearcut\\link-secret`,
      `/${BUCKET}/%5c..%5c.clearcut%5clink-secret`,
      `//${BUCKET}/a`,
      `/${BUCKET}//a`,
      `/${BUCKET}%2fa`,
      `/${BUCKET}/a%00`,
      `/${BUCKET}`,
      `/${BUCKET}/`,
      '/',
      '//',
    ];
    const malformed = [`/${BUCKET}/%c0%ae%c0%ae/.clearcut/link-secret`, `/${BUCKET}/%`, `/${BUCKET}/%zz`];
    for (const path of [...paths, ...malformed]) {
      for (const method of ['GET', 'PUT', 'HEAD']) {
        const { status, body, type } = await send(url, path + query, method);
        expect([path, status]).toEqual([path, malformed.includes(path) ? 400 : 403]);
        expect(type).toBe('application/problem+json');
        expect(body).not.toContain(root);
      }
    }
  });

  it('is refused even with a right signature', async () => {
    const { signer, root } = await serve();
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'secret'), 'top secret');
    await symlink(outside, join(root, BUCKET, 'out'));
    const statusOf = async (bucket: string, key: string) =>
      (await fetch(signer.presignGet(bucket, key, { expiresIn: 60 }).url)).status;
    expect(await statusOf('.clearcut', 'link-secret')).toBe(404);
    expect(await statusOf(BUCKET, 'out/secret')).toBe(404);
    expect(await statusOf(BUCKET, '../.clearcut/link-secret'.replace('..', '..\\..'))).toBe(404);
    expect(await statusOf(BUCKET, '/etc/passwd')).toBe(400);
    expect(await statusOf(BUCKET, 'nul\0')).toBe(400);
    expect(await statusOf('', 'a')).toBe(404);
  });
});

describe('errors', () => {
  it('are problem details with code and remedy', async () => {
    const { url, store } = await serve();
    expect(await problemOf(await fetch(`${url}/${BUCKET}/a`))).toEqual({
      title: 'Forbidden',
      status: 403,
      code: 'LINK_INVALID',
      detail: 'The signature of the link is missing or wrong.',
      remedy: 'Use the link exactly as it was issued, or ask for a new one.',
    });
    const link = await store.presignGet(BUCKET, 'missing', { expiresIn: 60 });
    expect(await problemOf(await fetch(link.url))).toMatchObject({ status: 404, code: 'OBJECT_NOT_FOUND' });
    const other = await fetch(link.url, { method: 'DELETE' });
    expect(other.status).toBe(404);
    expect(await problemOf(other)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('that nobody expected tell clients nothing, and the log everything', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
    const { url } = await serve({
      logger,
      ready: () => {
        throw new TypeError('a mistake at /home/someone');
      },
    });
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(500);
    const body = await response.text();
    expect(body).not.toContain('mistake');
    expect(body).not.toContain('/home');
    expect(lines.join('')).toContain('a mistake at /home/someone');
  });

  it('a request that is no HTTP ends with 400 and not with the service', async () => {
    const { url } = await serve();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('NONSENSE\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('the log', () => {
  it('has paths, but never signatures', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const { store, signer, url } = await serve({ logger });
    await store.put(BUCKET, 'a.png', Buffer.from('x'));
    await fetch(signer.presignGet(BUCKET, 'a.png', { expiresIn: 60 }).url);
    await fetch(signer.presignGet(BUCKET, 'missing', { expiresIn: 60 }).url);
    await fetch(signer.presignPut(BUCKET, 'b.png', { expiresIn: 60 }).url, { method: 'PUT', body: 'x' });
    await fetch(signer.presignPut(BUCKET, 'b.png', { expiresIn: 60 }).url, { method: 'POST', body: 'x' });
    await send(url, `/${BUCKET}/%zz?X-Clearcut-Signature=0`);
    const log = lines.join('');
    expect(log).toContain('/uploads/a.png');
    expect(log).toContain('/uploads/missing');
    expect(log).not.toMatch(/signature=/i);
  });
});

describe('metrics', () => {
  const page = { contentType: 'text/plain; version=0.0.4', render: async () => 'clearcut_ready 1\n' };

  it('are at /metrics where they are wanted', async () => {
    const { url } = await serve({ metrics: page });
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    expect(await response.text()).toBe('clearcut_ready 1\n');
    const { url: without } = await serve();
    expect((await fetch(`${without}/metrics`)).ok).toBe(false);
  });

  it('may have a port of their own, where nothing else is', async () => {
    const server = await startMetricsServer(page, '127.0.0.1', 0);
    onTestFinished(() => server.close());
    expect(await (await fetch(`${server.url}/metrics`)).text()).toBe('clearcut_ready 1\n');
    expect((await fetch(`${server.url}/readyz`)).status).toBe(404);
    const taken = Number(new URL(server.url).port);
    await expect(startMetricsServer(page, '127.0.0.1', taken)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      remedy: expect.stringContaining('CLEARCUT_METRICS_PORT'),
    });
  });
});

describe('health', () => {
  it('says that the process lives, and whether the service is ready', async () => {
    let ok = false;
    const { url } = await serve({ ready: () => ({ ok, state: ok ? 'running' : 'starting' }) });
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ ok: true });
    const starting = await fetch(`${url}/readyz`);
    expect([starting.status, await starting.json()]).toEqual([503, { ok: false, state: 'starting' }]);
    ok = true;
    const running = await fetch(`${url}/readyz`);
    expect([running.status, await running.json()]).toEqual([200, { ok: true, state: 'running' }]);
  });

  it('is not hidden by buckets of those names', async () => {
    const { store, url, signer } = await serve();
    await store.ensureBucket('healthz');
    await store.put('healthz', 'a', Buffer.from('object'));
    expect(await (await fetch(signer.presignGet('healthz', 'a', { expiresIn: 60 }).url)).text()).toBe(
      'object',
    );
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('starting and stopping', () => {
  it('names the port that is in use, and the setting', async () => {
    const { url, store, signer } = await serve();
    const port = Number(new URL(url).port);
    const second = startServer({
      store,
      signer,
      host: '127.0.0.1',
      port,
      logger: pino({ level: 'silent' }),
      maxUploadBytes: 1,
      ready: () => ({ ok: true }),
    });
    await expect(second).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `Port ${port} is already in use.`,
      remedy: expect.stringContaining('CLEARCUT_HTTP_PORT'),
    });
  });

  it('says when the address is not one of this machine', async () => {
    await expect(serve({ host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      remedy: expect.stringContaining('CLEARCUT_HTTP_HOST'),
    });
  });

  it('closing waits for the request under way, and not for idle connections', async () => {
    const { store, close, url: serverUrl } = await serve();
    const idle = connect(Number(new URL(serverUrl).port), '127.0.0.1');
    await once(idle, 'connect');
    const { url } = await store.presignPut(BUCKET, 'a', { expiresIn: 60 });
    const upload = request(url, { method: 'PUT' });
    upload.write('first ');
    await once(upload, 'socket');
    await expect.poll(async () => (await fetch(url, { method: 'OPTIONS' })).status).toBe(204);
    const closed = close();
    await once(idle.resume(), 'close');
    upload.end('second');
    const [response] = await once(upload, 'response');
    response.resume();
    await closed;
    expect(await text((await store.get(BUCKET, 'a')).body)).toBe('first second');
  });
});
