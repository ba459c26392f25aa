import { createServer, request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { drawSubject } from '../../../support/draw.js';
import { until } from '../../../support/until.js';
import { type ServedApi, serveApi } from './serve-api.js';
import { serveService } from './serve-service.js';

/** A proxy that sends each request to the next of the servers, and counts what each was sent. */
async function roundRobin(targets: readonly string[]) {
  const counts = targets.map(() => 0);
  let next = 0;
  const proxy = createServer((incoming, outgoing) => {
    const at = next++ % targets.length;
    counts[at] = (counts[at] ?? 0) + 1;
    const { method, headers, url } = incoming;
    const forwarded = request(`${targets[at]}${url}`, { method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const address = proxy.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return { url, counts };
}

/** Without what is no part of a state: each replica issues links of its own. */
function withoutLinks(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (name, value) =>
    name === 'url' || name === 'expiresAt' ? undefined : value,
  );
}

test('two replicas behind a proxy are like one', async () => {
  // One service works for both, told by either; only the first hears from it, and the other looks at the buckets.
  const first = await serveService();
  const second = await serveApi({ root: first.pipeline.root, context: { nudge: first.context.nudge } });
  const { url, counts } = await roundRobin([first.url, second.url]);
  const call = async (path: string, init?: RequestInit) => fetch(`${url}${path}`, init);
  const json = async (path: string, init?: RequestInit) => (await call(path, init)).json() as Promise<never>;
  const post = (body: unknown) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  const names = Array.from({ length: 6 }, (_, at) => `${at}.png`);
  const { batch, files } = (await json('/v1/uploads', post({ files: names.map((name) => ({ name })) }))) as {
    batch: string;
    files: Array<{ key: string; upload: { url: string } }>;
  };
  for (const [at, { upload }] of files.entries()) {
    const bytes = at === 5 ? Buffer.from('no picture') : await drawSubject({ format: 'png', width: 60 + at });
    // Links are signed with one secret: either replica honours those of the other.
    const { pathname, search } = new URL(upload.url);
    expect((await call(`${pathname}${search}`, { method: 'PUT', body: new Uint8Array(bytes) })).status).toBe(
      200,
    );
  }
  await until(async () => {
    const { state } = (await json(`/v1/batches/${batch}?wait=1`)) as { state: string };
    return state === 'finished';
  });

  const [one, other] = await bothSay(`/v1/batches/${batch}`, first, second);
  expect(one).toMatchObject({ state: 'finished', counts: { total: 6, done: 5, failed: 1 } });
  expect(other).toEqual(one);
  for (const { key } of files) {
    const [here, there] = await bothSay(`/v1/objects?key=${encodeURIComponent(key)}`, first, second);
    expect(there).toEqual(here);
  }
  const [dead, deadThere] = await bothSay('/v1/dead-letters', first, second);
  expect(dead).toMatchObject({ items: [{ key: files[5]?.key, error: { code: 'FORMAT_UNSUPPORTED' } }] });
  expect(deadThere).toEqual(dead);

  // A picture that is sent to either comes back cut out, and the next call knows of it wherever it goes.
  for (let round = 0; round < 4; round += 1) {
    const bytes = await drawSubject({ format: 'png', width: 80 + round });
    const answer = await call('/v1/remove', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(bytes),
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png']);
    await answer.arrayBuffer();
    const key = answer.headers.get('clearcut-key') ?? '';
    expect(await json(`/v1/objects?key=${key}`)).toMatchObject({ key, state: 'done' });
    // So that neither replica gets all the uploads.
    if (round % 2 === 0) await call('/v1/nothing');
  }

  const redriven = await json('/v1/dead-letters/redrive', post({ all: true }));
  expect(redriven).toEqual({ redriven: 1, gone: 0, notDead: [] });
  expect(Math.min(...counts)).toBeGreaterThan(5);
});

async function bothSay(path: string, ...replicas: ServedApi[]): Promise<unknown[]> {
  return Promise.all(
    replicas.map(async ({ url }) => withoutLinks(await (await fetch(`${url}${path}`)).json())),
  );
}
