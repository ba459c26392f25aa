import { once } from 'node:events';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseScrape, type Scrape } from '../../../src/commands/top/scrape.js';
import { ClearcutError } from '../../../src/errors.js';
import type { EventSource } from '../../../src/events/event-source.js';
import { createLocalQueue } from '../../../src/events/local-queue.js';
import { startService } from '../../../src/pipeline/service.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import type { GpuUsage } from '../../../src/telemetry/metrics/gpu.js';
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics.js';
import { drawSubject } from '../../support/draw.js';
import { createTestPipeline, INPUT } from '../../support/pipeline.js';
import { until } from '../../support/until.js';

const scrape = async (metrics: Metrics) => parseScrape(await metrics.render(), 0);

function reading({ samples }: Scrape, name: string, labels: Record<string, string> = {}): number | undefined {
  return samples
    .get(name)
    ?.find((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    ?.value;
}

/** The service on one queue, with its metrics. */
async function serve(sourceName = 'test') {
  const metrics = createMetrics();
  const bench = await createTestPipeline();
  const store = metrics.meterStore(bench.store, 'directory');
  const pipeline = { ...bench.pipeline, store };
  const queue = createLocalQueue({ source: sourceName, capacity: 100 });
  const source: EventSource = {
    name: sourceName,
    deliveries: queue.deliveries,
    backlog: async () => queue.backlog(),
  };
  const service = startService({
    pipeline,
    sources: [source],
    concurrency: 2,
    retry: { maxAttempts: 2, retryMin: 1, retryMax: 1 },
    observer: metrics.observer,
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(async () => void (await service.drain(5_000)));
  metrics.watch({
    service: () => ({ inFlight: service.counts().inFlight, isReady: service.state() === 'running' }),
    concurrency: 2,
    engine: bench.engine.stats,
    admission: pipeline.admission,
    sources: [source],
  });
  const tell = (key: string) => queue.push({ kind: 'created', bucket: INPUT, key });
  return { ...bench, metrics, queue, service, tell };
}

describe('a service at work', () => {
  test('shows what became of images, how long it took, and what went through the store', async () => {
    const { metrics, upload, tell, service } = await serve();
    const picture = await drawSubject({ format: 'png' });
    await upload('a.png', picture);
    await upload('b.png', Buffer.from('no picture'));
    for (const key of ['a.png', 'b.png', 'c.png']) tell(key);
    await until(() => service.counts().skipped === 1 && service.counts().results === 1);
    await until(() => service.counts().deadLetters === 1);
    const now = await scrape(metrics);
    for (const kind of ['result', 'dead-letter', 'skipped'])
      expect([kind, reading(now, 'clearcut_outcomes_total', { kind })]).toEqual([kind, 1]);
    expect(reading(now, 'clearcut_dead_letters_total', { code: 'FORMAT_UNSUPPORTED' })).toBe(1);
    expect(reading(now, 'clearcut_image_duration_seconds_count')).toBe(1);
    for (const stage of ['fetch', 'infer', 'encode', 'store'])
      expect([stage, reading(now, 'clearcut_stage_duration_seconds_count', { stage })]).toEqual([stage, 1]);
    const read = reading(now, 'clearcut_store_bytes_total', { store: 'directory', direction: 'in' });
    expect(read).toBeGreaterThanOrEqual(picture.length);
    expect(reading(now, 'clearcut_store_bytes_total', { direction: 'out' })).toBeGreaterThan(0);
    expect(
      reading(now, 'clearcut_store_requests_total', { operation: 'get', result: 'error' }),
    ).toBeUndefined();
    expect(reading(now, 'clearcut_links_issued_total', { method: 'get' })).toBe(1);
    expect(reading(now, 'clearcut_ready')).toBe(1);
    expect(reading(now, 'clearcut_images_in_flight')).toBe(0);
    expect(reading(now, 'clearcut_found_by_sweep_total')).toBe(0);
    expect(reading(now, 'process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  test('counts what only the sweep found', async () => {
    const { metrics, upload, tell, service } = await serve('sweep');
    await upload('a.png', await drawSubject({ format: 'png' }));
    tell('a.png');
    await until(() => service.counts().results === 1);
    expect(reading(await scrape(metrics), 'clearcut_found_by_sweep_total')).toBe(1);
  });

  test('names no key, however odd', async () => {
    const { metrics, upload, tell, service } = await serve();
    await upload('very-secret-name.png', await drawSubject({ format: 'png' }));
    tell('very-secret-name.png');
    await until(() => service.counts().results === 1);
    expect(await metrics.render()).not.toContain('very-secret-name');
  });
});

test('memory, queues and batches are those of the moment', async () => {
  const { metrics, pipeline, queue, service } = await serve();
  await service.drain(5_000);
  const release = await pipeline.admission.admitPixels(100 * 1024 ** 2);
  metrics.onBatch({ size: 3, durationMs: 20 });
  queue.push({ kind: 'created', bucket: INPUT, key: 'a.png' });
  queue.push({ kind: 'created', bucket: INPUT, key: 'b.png' });
  const now = await scrape(metrics);
  expect(reading(now, 'clearcut_pictures_memory_used_bytes', { share: 'pixels' })).toBe(100 * 1024 ** 2);
  expect(reading(now, 'clearcut_pictures_memory_used_bytes', { share: 'files' })).toBe(0);
  expect(reading(now, 'clearcut_pictures_memory_limit_bytes', { share: 'pixels' })).toBe(768 * 1024 ** 2);
  expect(reading(now, 'clearcut_source_waiting_events', { source: 'test' })).toBe(2);
  expect(reading(now, 'clearcut_source_oldest_event_age_seconds', { source: 'test' })).toBeGreaterThan(0);
  expect(reading(now, 'clearcut_batch_size_pictures_sum')).toBe(3);
  expect(reading(now, 'clearcut_batch_duration_seconds_sum')).toBeCloseTo(0.02);
  expect(reading(now, 'clearcut_ready')).toBe(0);
  release();
});

test('a source that fails or does not tell is left out, and harms nothing', async () => {
  const metrics = createMetrics();
  const deliveries: EventSource['deliveries'] = async function* () {};
  metrics.watch({
    sources: [
      { name: 'down', deliveries, backlog: () => Promise.reject(new Error('down')) },
      { name: 'mute', deliveries },
      { name: 'ageless', deliveries, backlog: async () => ({ waiting: 7 }) },
    ],
  });
  const now = await scrape(metrics);
  expect(now.samples.get('clearcut_source_waiting_events')).toEqual([
    { labels: { source: 'ageless' }, value: 7 },
  ]);
  expect(now.samples.get('clearcut_source_oldest_event_age_seconds')).toBeUndefined();
});

test('notifications are counted by target and result', async () => {
  const metrics = createMetrics();
  metrics.watch({
    notifier: () => ({
      inFlight: 2,
      waiting: new Map([['sqs', 5]]),
      targets: new Map([['sqs', { sent: 9, failed: 3, givenUp: 1, dropped: 0 }]]),
    }),
  });
  await scrape(metrics);
  const now = await scrape(metrics);
  expect(reading(now, 'clearcut_notifications_total', { target: 'sqs', result: 'sent' })).toBe(9);
  expect(reading(now, 'clearcut_notifications_total', { target: 'sqs', result: 'given_up' })).toBe(1);
  expect(reading(now, 'clearcut_notifications_waiting', { target: 'sqs' })).toBe(5);
  expect(reading(now, 'clearcut_notifications_in_flight')).toBe(2);
});

describe('GPUs', () => {
  test('are shown where nvidia-smi answers', async () => {
    const metrics = createMetrics();
    let asked = 0;
    const gpus = async (): Promise<GpuUsage[]> => {
      asked += 1;
      return [{ gpu: '0', utilization: 0.87, memoryUsed: 5, memoryTotal: undefined }];
    };
    metrics.watch({ gpus });
    const now = await scrape(metrics);
    await scrape(metrics);
    expect(reading(now, 'clearcut_gpu_utilization_ratio', { gpu: '0' })).toBe(0.87);
    expect(reading(now, 'clearcut_gpu_memory_used_bytes', { gpu: '0' })).toBe(5);
    expect(now.samples.get('clearcut_gpu_memory_total_bytes')).toBeUndefined();
    // Seldom, however often somebody scrapes.
    expect(asked).toBe(1);
  });

  test('are absent elsewhere', async () => {
    const metrics = createMetrics();
    metrics.watch({ gpus: async () => 'no such program' });
    expect((await scrape(metrics)).samples.get('clearcut_gpu_utilization_ratio')).toBeUndefined();
  });
});

describe('the store', () => {
  test('that fails counts as such; what is normal does not', async () => {
    const { store, metrics } = await serve();
    const away: ObjectStore = {
      ...store,
      head: () => Promise.reject(new ClearcutError('STORE_UNAVAILABLE', 'away')),
    };
    const failing = metrics.meterStore(away, 's3');
    await expect(failing.head(INPUT, 'a')).rejects.toThrow('away');
    await expect(failing.get(INPUT, 'none')).rejects.toThrow();
    const now = await scrape(metrics);
    const s3 = { store: 's3', result: 'error' };
    expect(reading(now, 'clearcut_store_requests_total', { ...s3, operation: 'head' })).toBe(1);
    expect(reading(now, 'clearcut_store_requests_total', { ...s3, operation: 'get' })).toBeUndefined();
  });

  test('gives all bytes also to a reader that comes late, and counts them', async () => {
    const { store, metrics } = await serve();
    await store.put(INPUT, 'big', Buffer.alloc(300_000, 7));
    const metered = metrics.meterStore(store, 'late');
    const { body } = await metered.get(INPUT, 'big');
    await new Promise((resolve) => setImmediate(resolve));
    const chunks: Buffer[] = [];
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    body.resume();
    await once(body, 'end');
    expect(Buffer.concat(chunks).equals(Buffer.alloc(300_000, 7))).toBe(true);
    expect(
      reading(await scrape(metrics), 'clearcut_store_bytes_total', { store: 'late', direction: 'in' }),
    ).toBe(300_000);
  });
});
