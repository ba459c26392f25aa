import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMinioListenSource } from '../../../src/events/minio-listen-source.js';
import { consume } from '../../contracts/consumer.js';
import { until } from '../../support/until.js';

/** What a MinIO rarely does: streams that end as they should, lines that are none. The rest is tested with MinIO. */
let server: Server;
let endpoint: string;
let streams: ServerResponse[];
let asked: string[];

beforeEach(async () => {
  streams = [];
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(' ');
    streams.push(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  endpoint = `http://127.0.0.1:${address.port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function start({ capacity = 100, silenceLimitMs = 60_000 } = {}) {
  const warnings: string[] = [];
  let gaps = 0;
  const source = createMinioListenSource({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    bucket: 'uploads',
    prefix: 'in/',
    capacity,
    silenceLimitMs,
    onGap: () => {
      gaps += 1;
    },
    logger: pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) }),
  });
  return { source, consumer: consume(source), warnings, gaps: () => gaps };
}

const record = (key: string, bucket = 'uploads') => ({
  eventName: 's3:ObjectCreated:Put',
  s3: { bucket: { name: bucket }, object: { key } },
});

const line = (...Records: unknown[]) => `${JSON.stringify({ Records })}\n`;

test('asks for created and removed objects with the prefix', async () => {
  const { source, consumer } = start();
  await source.started;
  const { pathname, searchParams } = new URL(asked[0] ?? '', endpoint);
  expect(pathname).toBe('/uploads');
  expect(searchParams.get('prefix')).toBe('in/');
  expect(searchParams.getAll('events')).toEqual(['s3:ObjectCreated:*', 's3:ObjectRemoved:*']);
  await consumer.stop();
});

test('a stream that ends without an error is a gap, and there is one new stream', async () => {
  const { source, consumer, gaps, warnings } = start();
  await source.started;
  streams[0]?.end(line(record('in/1.jpg')));
  expect((await consumer.next()).event.key).toBe('in/1.jpg');
  await until(() => gaps() === 1);
  streams[1]?.write(line(record('in/2.jpg')));
  expect((await consumer.next()).event.key).toBe('in/2.jpg');
  expect(asked).toHaveLength(2);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('listening was interrupted');
  await consumer.stop();
});

test.each([
  ['a line that is no JSON', '<Error/>\n'],
  ['a record that is not understood', line({ eventName: 's3:ObjectCreated:Put', s3: {} })],
])('%s costs only itself', async (_what, bad) => {
  const { source, consumer, gaps, warnings } = start();
  await source.started;
  streams[0]?.write(`${bad}{"Records":null}\n${line(record('in/1.jpg'))}`);
  expect((await consumer.next()).event.key).toBe('in/1.jpg');
  expect(gaps()).toBe(0);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('EVENT_INVALID');
  await consumer.stop();
});

test('a message may arrive in pieces, with spaces before it, and be cut in a character', async () => {
  const { source, consumer } = start();
  await source.started;
  const bytes = Buffer.from(`   ${line(record('in/ü.jpg'))}`);
  const cut = bytes.indexOf('ü') + 1;
  streams[0]?.write(bytes.subarray(0, cut));
  // Sent on its own, and read before the rest.
  await new Promise((resolve) => setTimeout(resolve, 50));
  streams[0]?.write(bytes.subarray(cut));
  expect((await consumer.next()).event.key).toBe('in/ü.jpg');
  await consumer.stop();
});

test('a message without end is cut off and is a gap', async () => {
  const { source, consumer, gaps, warnings } = start();
  await source.started;
  streams[0]?.write('x'.repeat(2 * 1024 * 1024));
  await until(() => gaps() === 1);
  expect(warnings[0]).toContain('a message without end');
  await consumer.stop();
});

test('a server that accepts the request and says nothing is given up at the start', async () => {
  server.removeAllListeners('request');
  const { source, consumer } = start({ silenceLimitMs: 200 });
  await expect(consumer.next()).rejects.toMatchObject({
    code: 'EVENT_SOURCE_UNAVAILABLE',
    message: expect.stringMatching(/the server is silent$/),
  });
  await source.started;
});

test('records of another bucket or prefix are passed over', async () => {
  const { source, consumer } = start();
  await source.started;
  streams[0]?.write(line(record('in/1.jpg', 'results'), record('out/1.jpg'), record('in/2.jpg')));
  expect((await consumer.next()).event.key).toBe('in/2.jpg');
  await consumer.stop();
});

test('what finds no room is dropped and counted', async () => {
  const { source, consumer } = start({ capacity: 2 });
  await source.started;
  streams[0]?.write(line(...['a', 'b', 'c', 'd', 'e'].map((name) => record(`in/${name}.jpg`))));
  await until(() => source.counts().overflowed > 0);
  const { waiting, inFlight, overflowed } = source.counts();
  expect(waiting + inFlight + overflowed).toBe(5);
  await consumer.stop();
});
