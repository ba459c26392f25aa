import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { frameOf } from '../../../src/commands/top/frame.js';
import { readingsOf } from '../../../src/commands/top/readings.js';
import { parseScrape } from '../../../src/commands/top/scrape.js';
import type { Outcome } from '../../../src/pipeline/process-object.js';
import { createMetrics } from '../../../src/telemetry/metrics.js';
import { clearcut } from '../../support/service.js';
import { deadLetterNews, resultNews } from '../notify/news.js';

function outcomeOf(totalMs: number): Outcome {
  const news = resultNews();
  if (news.kind !== 'result') throw new TypeError('a result is wanted');
  return { kind: 'result', record: { ...news.record, timings: { infer: totalMs / 2, total: totalMs } } };
}

/** Metrics of a process that did something of everything. */
function busyMetrics() {
  const metrics = createMetrics();
  metrics.describe({ version: '1', device: 'cuda', model: 'isnet', variant: 'fp16' });
  for (let at = 0; at < 10; at++) metrics.observer.ended(outcomeOf(at < 9 ? 200 : 4_000), 'sweep');
  const news = deadLetterNews();
  if (news.kind === 'dead-letter')
    metrics.observer.ended({ kind: 'dead-letter', deadLetter: news.deadLetter }, 'nats');
  metrics.observer.retried('WORKER_CRASHED');
  metrics.onBatch({ size: 4, durationMs: 100 });
  metrics.watch({
    service: () => ({ inFlight: 3, isReady: true }),
    concurrency: 4,
    sources: [
      {
        name: 'nats',
        deliveries: async function* () {},
        backlog: async () => ({ waiting: 12, oldestMs: 90_000 }),
      },
    ],
    notifier: () => ({
      inFlight: 0,
      waiting: new Map([['sqs', 2]]),
      targets: new Map([['sqs', { sent: 9, failed: 1, givenUp: 0, dropped: 0 }]]),
    }),
    gpus: async () => [{ gpu: '0', utilization: 0.5, memoryUsed: 1024 ** 3, memoryTotal: 4 * 1024 ** 3 }],
  });
  return metrics;
}

describe('the text of Prometheus', () => {
  test('is read with its labels, escapes and odd numbers', () => {
    const { samples } = parseScrape(
      [
        '# HELP a_total What it is.',
        '# TYPE a_total counter',
        'a_total 5',
        'b{x="1",y="a \\"quoted\\" \\\\ \\n, {b}"} 2.5e3',
        'c_bucket{le="+Inf"} 7 1700000000000',
        'd +Inf',
        '',
        'not a sample',
      ].join('\n'),
      1,
    );
    expect(Object.fromEntries(samples)).toEqual({
      a_total: [{ labels: {}, value: 5 }],
      b: [{ labels: { x: '1', y: 'a "quoted" \\ \n, {b}' }, value: 2_500 }],
      c_bucket: [{ labels: { le: '+Inf' }, value: 7 }],
      d: [{ labels: {}, value: Number.POSITIVE_INFINITY }],
    });
  });
});

describe('readings', () => {
  const histogram = (small: number, large: number, sum: number) =>
    [
      `h_bucket{le="1"} ${small}`,
      `h_bucket{le="2"} ${small + large}`,
      `h_bucket{le="+Inf"} ${small + large}`,
      `h_count ${small + large}`,
      `h_sum ${sum}`,
    ].join('\n');

  test('rates are changes between two looks, summed over processes', () => {
    const read = readingsOf([
      { before: parseScrape('c{k="a"} 10', 100), now: parseScrape('c{k="a"} 30', 110) },
      { before: parseScrape('c{k="a"} 0', 100), now: parseScrape('c{k="a"} 5', 105) },
    ]);
    expect(read.rate('c')).toBeCloseTo(3);
    expect(read.sum('c')).toBe(35);
    expect(read.rate('c', { k: 'b' })).toBe(0);
  });

  test('without an earlier look they are the mean since the start', () => {
    const read = readingsOf([{ now: parseScrape('c 50\nprocess_start_time_seconds 100', 200) }]);
    expect(read.rate('c')).toBeCloseTo(0.5);
  });

  test('quantiles are of what came since the earlier look, or of all where nothing did', () => {
    const earlier = parseScrape(histogram(100, 0, 50), 0);
    const later = parseScrape(histogram(100, 10, 65), 10);
    expect(readingsOf([{ before: earlier, now: later }]).quantiles('h', [0.5])).toEqual([1.5]);
    expect(readingsOf([{ before: earlier, now: later }]).mean('h')).toBeCloseTo(1.5);
    expect(readingsOf([{ before: later, now: later }]).quantiles('h', [0.5])?.[0]).toBeCloseTo(0.55);
    expect(readingsOf([{ now: parseScrape('', 0) }]).quantiles('h', [0.5])).toBeUndefined();
  });

  test('what processes share is not added up', () => {
    const read = readingsOf([
      { now: parseScrape('q{s="nats"} 5', 0) },
      { now: parseScrape('q{s="nats"} 6', 0) },
    ]);
    expect(read.largestBy('q', 's')).toEqual([['nats', 6]]);
    expect(read.by('q', 's')).toEqual([['nats', 11]]);
  });
});

describe('a picture', () => {
  test('shows what the service says of itself', async () => {
    const now = parseScrape(await busyMetrics().render(), Date.now() / 1000);
    const text = frameOf([{ url: 'http://a/metrics', pair: { now } }], 200).join('\n');
    expect(text).toContain('1 of 1 process answering');
    expect(text).toMatch(/images .*3 of 4 in flight +10 result +1 dead-letter .*1 retries +10 missed events/);
    expect(text).toMatch(/latency +p50 \d+ ms +p90 \d+ ms +p99 4\.\d s/);
    expect(text).toMatch(/stages +infer \d+ ms/);
    expect(text).toMatch(/queue +nats 12 \(oldest 90\.0 s\)/);
    expect(text).toMatch(/inference +cuda +isnet +fp16 +batches of 4\.0/);
    expect(text).toMatch(/gpu +0: 50%, 1024 of 4096 MiB/);
    expect(text).toMatch(/events out +9 sent +1 failed .*2 waiting for sqs/);
    expect(text).toMatch(/dead +1 IMAGE_CORRUPT/);
  });

  test('names each of several processes, and those that are silent', async () => {
    const now = parseScrape(await busyMetrics().render(), Date.now() / 1000);
    const lines = frameOf(
      [
        { url: 'http://a/metrics', pair: { now } },
        { url: 'http://b/metrics', pair: undefined },
      ],
      200,
    );
    expect(lines[0]).toContain('1 of 2 processes answering');
    expect(lines.at(-2)).toMatch(/^http:\/\/a\/metrics {2}.*3 in flight, \d+ MiB$/);
    expect(lines.at(-1)).toBe('http://b/metrics  does not answer');
  });

  test('is no wider than the terminal', async () => {
    const now = parseScrape(await busyMetrics().render(), Date.now() / 1000);
    const lines = frameOf([{ url: 'http://a/metrics', pair: { now } }], 40);
    expect(Math.max(...lines.map((line) => line.length))).toBe(40);
  });
});

test('clearcut top --once prints one picture, and fails where a process is silent', async () => {
  const metrics = busyMetrics();
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    void metrics.render().then((text) => response.end(text));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stdout } = await clearcut(['top', '--once', url]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/images .*since the start/)]);
  expect(stdout).not.toContain('\u001b');
  const silent = await clearcut(['top', '--once', url, `${url}/elsewhere`]);
  expect([silent.code, silent.stdout]).toEqual([1, expect.stringContaining('/elsewhere  does not answer')]);
  expect((await clearcut(['top', '--once', 'ftp://x'])).code).toBe(78);
});
