import { readdir, readFile } from 'node:fs/promises';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createWebhookSource, type WebhookSource } from '../../../src/events/webhook-source.js';
import type { ServerOptions } from '../../../src/server/server.js';
import { registerWebhookRoute } from '../../../src/server/webhook-route.js';
import { minioNotification } from '../../support/minio-notification.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { problemOf, serve } from '../server/serve.js';

const TOKEN = 'a token: with a colon';
const BODY = minioNotification('uploads', 'a cat.jpg', Buffer.from('some bytes'));

async function start(
  token: string,
  capacity = 10,
  more: Partial<ServerOptions> = {},
): Promise<{ source: WebhookSource; url: string; folder: string }> {
  const folder = await temporaryFolder();
  const source = createWebhookSource({ journalFolder: folder, capacity, logger: pino({ level: 'silent' }) });
  const { url } = await serve({ webhook: { receive: source.receive, token }, ...more });
  return { source, url: `${url}/events`, folder };
}

function post(url: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
  return fetch(url, { method: 'POST', body, headers });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

describe('POST /events', () => {
  test('a notification with the token is accepted', async () => {
    const { source, url } = await start('secret');
    const response = await post(url, BODY, { ...bearer('secret'), 'content-type': 'application/json' });
    expect([response.status, await response.json()]).toEqual([202, { accepted: 1 }]);
    expect(source.counts().pending).toBe(1);
  });

  test.each([
    ['a scheme in small letters', { authorization: 'bearer secret' }, 'secret'],
    ['the password of Basic', basic('anybody:secret'), 'secret'],
    ['the password of Basic with a colon', basic(`anybody:${TOKEN}`), TOKEN],
  ])('the token may come as %s', async (_what, headers, token) => {
    const { url } = await start(token);
    expect((await post(url, BODY, headers)).status).toBe(202);
  });

  test.each<[string, Record<string, string>]>([
    ['no header', {}],
    ['another token', bearer('secres')],
    ['the beginning of the token', bearer('secre')],
    ['the token and more', bearer('secrets')],
    ['an empty token', bearer('')],
    ['the token without a scheme', { authorization: 'secret' }],
    ['the token as user of Basic', basic('secret:')],
    ['another scheme', { authorization: 'Digest secret' }],
  ])('%s is refused with 401, and nothing is stored', async (_what, headers) => {
    const { source, url } = await start('secret');
    const response = await post(url, BODY, headers);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await problemOf(response)).toMatchObject({ code: 'TOKEN_INVALID' });
    expect(source.counts().pending).toBe(0);
  });

  test('a content type is not asked for', async () => {
    const { url } = await start('secret');
    const types = [
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/octet-stream',
    ];
    for (const type of types) {
      expect((await post(url, BODY, { ...bearer('secret'), 'content-type': type })).status).toBe(202);
    }
    // A body of bytes is sent without a type.
    expect((await post(url, Buffer.from(BODY), bearer('secret'))).status).toBe(202);
  });

  test.each([
    ['text that is not JSON', 'no JSON'],
    ['JSON of another form', '{"hello":"world"}'],
    ['nothing', ''],
    ['what is not UTF-8', Buffer.concat([Buffer.from(BODY.slice(0, -2)), Buffer.from([0xff])])],
  ])('%s is refused with 400', async (_what, body) => {
    const { url } = await start('secret');
    const response = await post(url, body, bearer('secret'));
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ code: 'EVENT_INVALID' });
  });

  test('a body of more than 1 MiB is refused with 413, one of nearly 1 MiB is not', async () => {
    const { url } = await start('secret');
    const padded = (bytes: number) => BODY + ' '.repeat(bytes - BODY.length);
    expect((await post(url, padded(1024 * 1024), bearer('secret'))).status).toBe(202);
    expect((await post(url, padded(1024 * 1024 + 1), bearer('secret'))).status).toBe(413);
  });

  test('senders are told to come again while the capacity is used up', async () => {
    const { url } = await start('secret', 1);
    await post(url, BODY, bearer('secret'));
    const response = await post(url, BODY.replaceAll('cat', 'dog'), bearer('secret'));
    expect(response.status).toBe(503);
    expect(await problemOf(response)).toMatchObject({ code: 'EVENT_SOURCE_UNAVAILABLE' });
  });

  test('without a token this machine may send, and only this machine is listened to', async () => {
    const { url } = await start('');
    expect((await post(url, BODY)).status).toBe(202);
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'images.example']) {
      await expect(start('', 10, { host })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        remedy: expect.stringContaining('CLEARCUT_WEBHOOK_TOKEN'),
      });
    }
    const receive = async () => 1;
    expect(() => registerWebhookRoute(fastify(), { receive, token: 'secret' }, '0.0.0.0')).not.toThrow();
    expect(() => registerWebhookRoute(fastify(), { receive, token: '' }, 'localhost')).not.toThrow();
    expect(() => registerWebhookRoute(fastify(), { receive, token: '' }, '::1')).not.toThrow();
  });

  test('whoever asks whether somebody is there gets 200 without a token', async () => {
    const { url } = await start('secret');
    for (const method of ['GET', 'HEAD']) expect((await fetch(url, { method })).status).toBe(200);
  });

  test('what Ceph sends is understood', async () => {
    const { source, url, folder } = await start('secret');
    // The key comes as it is, and the name of the event without `s3:`.
    const record = {
      eventVersion: '2.2',
      eventSource: 'ceph:s3',
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: 'uploads' }, object: { key: 'dir one/ü+1.jpg', size: 5, eTag: 'abc' } },
    };
    const response = await post(url, JSON.stringify({ Records: [record] }), bearer('secret'));
    expect(response.status).toBe(202);
    expect(source.counts().pending).toBe(1);
    const [file = ''] = await readdir(folder);
    expect(await readFile(`${folder}/${file}`, 'utf8')).toContain('"dir one/ü+1.jpg"');
  });

  test('there is nothing at /events where no webhook is wanted', async () => {
    const { url } = await serve();
    expect((await post(`${url}/events`, BODY)).status).toBe(404);
  });
});
