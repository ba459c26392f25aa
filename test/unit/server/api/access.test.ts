import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { problemIn, serveApi } from './serve-api.js';

const READER = 'reading-secret-0123456789';
const ADMIN = 'admin-secret-0123456789ab';
const HASHED = 'hashed-secret-0123456789a';
const TOKENS = [
  `shop:upload+read:${READER}`,
  `boss:admin:${ADMIN}`,
  `shop:upload+read:sha256:${createHash('sha256').update(HASHED).digest('hex')}`,
].join(', ');

const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

it('takes a token that has the scope, and its successor while both are set', async () => {
  const { call, store } = await serveApi({ tokens: TOKENS });
  await store.put('uploads', 'a.png', Buffer.from('a'));
  expect((await call('/objects?key=a.png', bearer(READER))).status).toBe(200);
  expect((await call('/objects?key=a.png', bearer(HASHED))).status).toBe(200);
});

it.each([
  ['no token', {}],
  ['a wrong token', bearer('x'.repeat(25))],
  ['the hash of a token', bearer(createHash('sha256').update(HASHED).digest('hex'))],
  ['another scheme', { headers: { authorization: `Basic ${READER}` } }],
])('answers 401 to %s', async (_, init) => {
  const { call } = await serveApi({ tokens: TOKENS });
  const response = await call('/objects?key=a.png', init);
  expect(response.headers.get('www-authenticate')).toBe('Bearer');
  expect(await problemIn(response, 401)).toMatchObject({ code: 'TOKEN_INVALID' });
});

it('answers 403 to a token without the scope, and names it', async () => {
  const { call } = await serveApi({ tokens: TOKENS });
  const problem = await problemIn(await call('/objects?key=a.png', bearer(ADMIN)), 403);
  expect(problem).toMatchObject({ code: 'SCOPE_MISSING', detail: expect.stringContaining('read') });
});

it('is open to programs of this machine where there are no tokens', async () => {
  const { call } = await serveApi();
  await problemIn(await call('/objects?key=absent.png'), 404);
});

it.each([
  ['a proxy', { 'x-forwarded-for': '203.0.113.7' }],
  ['a proxy of the standard kind', { forwarded: 'for=203.0.113.7' }],
  ['a web page', { origin: 'https://evil.example' }],
  ['a name that leads here', { host: 'evil.example' }],
])('without tokens it refuses what comes through %s', async (_, headers) => {
  const { url } = await serveApi();
  const sent = request(`${url}/v1/objects?key=a.png`, { headers });
  sent.end();
  const [response] = await once(sent, 'response');
  response.resume();
  expect(response.statusCode).toBe(403);
});

it('lets pages of the origins that are set call, and no others', async () => {
  const { call, url } = await serveApi({ access: { corsOrigins: ['https://shop.example'] } });
  const preflight = (origin: string) =>
    call('/objects?key=a', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });
  const allowed = await preflight('https://shop.example');
  expect(allowed.status).toBe(204);
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(allowed.headers.get('access-control-allow-headers')).toMatch(/authorization/);
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  const answer = await call('/objects?key=a', { headers: { origin: 'https://shop.example' } });
  expect(answer.status).toBe(404);
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  // Links stay as they are: any page may use one.
  const link = await fetch(`${url}/uploads/a`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example' },
  });
  expect(link.headers.get('access-control-allow-origin')).toBe('*');
});

it('sends the headers that protect a browser, and leaves HSTS to the proxy', async () => {
  const { call } = await serveApi();
  const { headers } = await call('/objects?key=absent');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('strict-transport-security')).toBeNull();
});

it('takes as many requests a minute as are set, for each token alone', async () => {
  const { call } = await serveApi({
    tokens: `${TOKENS}, other:read:other-secret-0123456789`,
    access: { rateLimit: 2 },
  });
  const get = async (secret: string) => call('/objects?key=absent', bearer(secret));
  expect([(await get(READER)).status, (await get(READER)).status]).toEqual([404, 404]);
  const third = await get(READER);
  expect(await problemIn(third.clone(), 429)).toMatchObject({ code: 'RATE_LIMITED' });
  expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await get('other-secret-0123456789')).status).toBe(404);
  // Guesses are counted by address.
  const guesses = [
    await get('guess-1-0123456789'),
    await get('guess-2-0123456789'),
    await get('guess-3-0123456789'),
  ];
  expect(guesses.map(({ status }) => status)).toEqual([401, 401, 429]);
});
