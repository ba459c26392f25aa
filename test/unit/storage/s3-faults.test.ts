import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createS3Store, type S3StoreOptions } from '../../../src/storage/s3/store.js';

/** Servers that do what real ones do on a bad day, and none does when it is asked to. */

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(answer: Answer, options: Partial<S3StoreOptions> = {}) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.method ?? '');
    request.resume();
    request.once('end', () => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const warnings: string[] = [];
  const store = await createS3Store({
    endpoint,
    publicEndpoint: '',
    region: 'us-east-1',
    accessKeyId: 'key',
    secretAccessKey: 'secret',
    sessionToken: '',
    pathStyle: 'auto',
    caFile: '',
    onWarning: (message) => warnings.push(message),
    ...options,
  });
  return { store, endpoint, requests, warnings };
}

function refuse(response: ServerResponse, status: number, code: string, more = ''): void {
  const body = `<Error><Code>${code}</Code><Message>no</Message>${more}</Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
}

const OBJECT = { etag: '"e1"', 'last-modified': 'Tue, 24 Nov 2026 11:00:00 GMT' };

describe('reading', () => {
  it('errors where the connection breaks off inside the body', async () => {
    const { store } = await serve((_request, response) => {
      response.writeHead(200, { ...OBJECT, 'content-length': '1000' });
      response.write('x'.repeat(400), () => response.destroy());
    });
    const { body } = await store.get('uploads', 'a');
    await expect(buffer(body)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', key: 'a' });
  });

  it('errors where the server falls silent inside the body', async () => {
    const answer: Answer = (_request, response) => {
      response.writeHead(200, { ...OBJECT, 'content-length': '1000' });
      response.write('x'.repeat(400));
    };
    const { store } = await serve(answer, { idleTimeout: 100 });
    const { body } = await store.get('uploads', 'a');
    await expect(buffer(body)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('no answer in time'),
    });
  });

  it('does not fetch what is larger than allowed', async () => {
    let sent = 0;
    const { store } = await serve((_request, response) => {
      response.writeHead(200, { ...OBJECT, 'content-length': String(2 ** 30) });
      const more = () => {
        sent += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(more));
      };
      more();
    });
    const { body } = await store.get('uploads', 'a', { maxBytes: 1000 });
    await expect(buffer(body)).rejects.toMatchObject({ code: 'IMAGE_TOO_MANY_BYTES' });
    expect(sent).toBeLessThan(2 ** 26);
  });

  it('asks again where the server is busy', async () => {
    const { store, requests } = await serve((_request, response) => {
      if (requests.length < 3) refuse(response, 503, 'SlowDown');
      else response.writeHead(200, { ...OBJECT, 'content-length': '1' }).end('x');
    });
    const { head } = await store.get('uploads', 'a');
    expect(head).toMatchObject({ etag: 'e1', size: 1 });
    expect(requests).toEqual(['GET', 'GET', 'GET']);
  });

  it('learns the reason of a refused HEAD from a GET', async () => {
    const { store, requests } = await serve((request, response) => {
      if (request.method === 'HEAD') response.writeHead(403).end();
      else refuse(response, 403, 'InvalidAccessKeyId');
    });
    await expect(store.head('uploads', 'a')).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    expect(requests).toEqual(['HEAD', 'GET']);
  });
});

describe('conditional writes', () => {
  /** A server with one bucket and one object; `put` decides about writes. */
  async function serveObject(put: Answer) {
    let exists = false;
    return serve((request, response) => {
      if (request.method === 'PUT') {
        put(request, response);
        exists ||= response.statusCode === 200;
      } else if (request.url === '/uploads/' || exists) response.writeHead(200, OBJECT).end();
      else response.writeHead(404).end();
    });
  }
  const accept = (response: ServerResponse) => response.writeHead(200, { etag: '"e1"' }).end();

  it('are tried again after a conflict (409)', async () => {
    let puts = 0;
    const { store, warnings } = await serveObject((_request, response) => {
      puts += 1;
      if (puts < 3) refuse(response, 409, 'ConditionalRequestConflict');
      else if (puts === 3) accept(response);
      else refuse(response, 412, 'PreconditionFailed');
    });
    const stored = await store.put('uploads', 'a', Buffer.from('x'), { ifNoneMatch: '*' });
    expect(stored.etag).toBe('e1');
    // The fourth one proves that the server heeds conditions.
    expect(puts).toBe(4);
    expect(warnings).toEqual([]);
  });

  it('give up on a conflict that lasts', async () => {
    const { store } = await serveObject((_request, response) =>
      refuse(response, 409, 'ConditionalRequestConflict'),
    );
    const pending = store.put('uploads', 'a', Buffer.from('x'), { ifNoneMatch: '*' });
    await expect(pending).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('are proven once', async () => {
    let written = false;
    let puts = 0;
    const { store } = await serveObject((_request, response) => {
      puts += 1;
      if (written) return refuse(response, 412, 'PreconditionFailed');
      written = true;
      accept(response);
    });
    await store.put('uploads', 'a', Buffer.from('x'), { ifNoneMatch: '*' });
    expect(puts).toBe(2);
    const again = store.put('uploads', 'b', Buffer.from('x'), { ifNoneMatch: '*' });
    await expect(again).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(puts).toBe(3);
  });

  it.each([
    ['ignored', (_request: IncomingMessage, response: ServerResponse) => accept(response)],
    [
      'refused',
      ({ headers }: IncomingMessage, response: ServerResponse) => {
        if (headers['if-none-match'] === undefined && headers['if-match'] === undefined) accept(response);
        else refuse(response, 501, 'NotImplemented');
      },
    ],
  ])('that are %s are looked after here, and told once', async (_how, put) => {
    const { store, requests, warnings } = await serveObject(put);
    await store.put('uploads', 'a', Buffer.from('x'), { ifNoneMatch: '*' });
    expect(warnings).toEqual([expect.stringContaining('does not heed If-None-Match')]);
    const puts = requests.filter((method) => method === 'PUT').length;
    const again = store.put('uploads', 'a', Buffer.from('y'), { ifNoneMatch: '*' });
    await expect(again).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(requests.filter((method) => method === 'PUT')).toHaveLength(puts);
    await store.put('uploads', 'a', Buffer.from('z'), { ifMatch: 'e1' });
    await store.put('uploads', 'a', Buffer.from('z'), { ifMatch: 'e1' });
    expect(warnings).toEqual([expect.anything(), expect.stringContaining('does not heed If-Match')]);
  });
});

describe('a clock that is wrong', () => {
  const HOUR = 3_600_000;
  const serverTime = () => new Date(Date.now() + HOUR);
  const date = () => serverTime().toUTCString();
  /** Of `20261124T115500Z`. */
  const timeOf = (text: string) =>
    Date.parse(text.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));

  it('is corrected by what the server says, also for links', async () => {
    const { store, warnings } = await serve((request, response) => {
      response.setHeader('date', date());
      const signed = timeOf(String(request.headers['x-amz-date']));
      const isOff = Math.abs(signed - serverTime().getTime()) > 15 * 60_000;
      if (isOff) refuse(response, 403, 'RequestTimeTooSkewed');
      else response.writeHead(200, { ...OBJECT, 'content-length': '1' }).end('x');
    });
    expect((await store.get('uploads', 'a')).head.etag).toBe('e1');
    const { url, expiresAt } = await store.presignGet('uploads', 'a', { expiresIn: 60 });
    const signedAt = new URL(url).searchParams.get('X-Amz-Date') ?? '';
    expect(Math.abs(timeOf(signedAt) - serverTime().getTime())).toBeLessThan(10_000);
    expect(Math.abs(expiresAt.getTime() - serverTime().getTime() - 60_000)).toBeLessThan(10_000);
    const { fields } = await store.presignPost('uploads', 'a', { expiresIn: 60 });
    expect(Math.abs(timeOf(fields['X-Amz-Date'] ?? '') - serverTime().getTime())).toBeLessThan(10_000);
    expect(warnings).toEqual([expect.stringContaining("This machine's clock is 60 minutes behind")]);
  });

  it('is told with the difference where that does not help', async () => {
    const { store, endpoint } = await serve((_request, response) => {
      response.setHeader('date', date());
      refuse(response, 403, 'RequestTimeTooSkewed');
    });
    await expect(store.get('uploads', 'a')).rejects.toMatchObject({
      code: 'CLOCK_SKEWED',
      message: `This machine's clock is 60 minutes behind that of ${endpoint}.`,
    });
  });
});
