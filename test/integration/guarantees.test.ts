import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { EventSource } from '../../src/events/event-source.js';
import { createLocalQueue } from '../../src/events/local-queue.js';
import { createSweepSource } from '../../src/events/sweep.js';
import type { Pipeline } from '../../src/pipeline/process-object.js';
import { startService } from '../../src/pipeline/service.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { createS3Store } from '../../src/storage/s3/store.js';
import { drawSubject } from '../support/draw.js';
import { createTestPipeline, INPUT, OUTPUT } from '../support/pipeline.js';
import { until } from '../support/until.js';
import { describeWith } from './servers/available.js';
import { type MinioServer, startMinio } from './servers/minio.js';

/** What must hold on a real S3 server however badly events behave. The events are made here, to be as bad as they get. */
const describeServers = await describeWith('minio');
const RETRY = { maxAttempts: 5, retryMin: 20, retryMax: 200 };
const logger = pino({ level: 'silent' });

describeServers(
  'guarantees on MinIO',
  () => {
    let minio: MinioServer;
    let buckets = 0;
    beforeAll(async () => {
      minio = await startMinio();
    });
    afterAll(async () => {
      await minio?.stop();
    });

    /** The pipeline with a tiny model on buckets of its own, counting the cut-outs that are written. */
    async function createS3Pipeline() {
      buckets += 1;
      const { pipeline, engine } = await createTestPipeline();
      const s3 = await createS3Store({
        ...minio,
        publicEndpoint: '',
        sessionToken: '',
        pathStyle: 'auto',
        caFile: '',
      });
      // The test pipeline's names stay; only the buckets behind them are new for each test.
      const store = onBuckets(s3, buckets);
      await store.ensureBucket(INPUT);
      await store.ensureBucket(OUTPUT);
      const written: string[] = [];
      const counting: ObjectStore = {
        ...store,
        put: (bucket, key, ...rest) => {
          if (bucket === OUTPUT) written.push(key);
          return store.put(bucket, key, ...rest);
        },
      };
      return { store, engine, written, pipeline: { ...pipeline, store: counting } };
    }

    function serve(pipeline: Pipeline, sources: EventSource[], concurrency = 4) {
      const service = startService({ pipeline, sources, concurrency, retry: RETRY, logger });
      onTestFinished(async () => void (await service.drain(10_000)));
      return service;
    }

    function eventSource() {
      const queue = createLocalQueue({ source: 'test', capacity: 100_000 });
      const source: EventSource = { name: 'test', deliveries: (signal) => queue.deliveries(signal) };
      return { source, tell: (key: string) => queue.push({ kind: 'created', bucket: INPUT, key }) };
    }

    test('the same event 1,000 times: one inference, one cut-out, one record', async () => {
      const { store, engine, written, pipeline } = await createS3Pipeline();
      await store.put(INPUT, 'a.png', await drawSubject({ format: 'png' }));
      const events = Array.from({ length: 10 }, eventSource);
      const service = serve(
        pipeline,
        events.map(({ source }) => source),
      );
      for (let repeat = 0; repeat < 100; repeat++) {
        for (const { tell } of events) tell('a.png');
        await new Promise(setImmediate);
      }
      await until(() => service.counts().results === 1 && service.counts().inFlight === 0);
      expect(engine.stats().pictures).toBe(1);
      expect(written.sort()).toEqual(['cutouts/a.png.cutout.png', 'records/a.png.json']);
    });

    test('an object overwritten 50 times while events are late, shuffled and doubled: the last version wins', async () => {
      const { store, pipeline } = await createS3Pipeline();
      // Several sources tell of the object, so several versions are at work at once.
      const events = Array.from({ length: 4 }, eventSource);
      const service = serve(
        pipeline,
        events.map(({ source }) => source),
        8,
      );
      for (let version = 0; version < 50; version++) {
        await store.put(
          INPUT,
          'a.png',
          await drawSubject({ format: 'png', width: 100 + version, height: 60 }),
        );
        events[(version * 7) % events.length]?.tell('a.png');
        events[(version * 3) % events.length]?.tell('a.png');
      }
      await until(async () => (await recordOf(store, 'a.png'))?.output.width === 149);
      await until(() => service.counts().inFlight === 0);
      const newest = await store.head(INPUT, 'a.png');
      const record = await recordOf(store, 'a.png');
      const cutout = await store.head(OUTPUT, 'cutouts/a.png.cutout.png');
      expect(record?.source.etag).toBe(newest?.etag);
      expect(cutout?.etag).toBe(record?.output.etag);
      expect(cutout?.metadata['clearcut-source-etag']).toBe(newest?.etag);
    });

    test('events that never come are made good by the sweep, which says how many', async () => {
      const { store, pipeline } = await createS3Pipeline();
      const { source, tell } = eventSource();
      const keys = Array.from({ length: 60 }, (_, at) => `dir ${at % 3}/${at}+%.png`);
      const isLost = (at: number) => at % 20 === 7 || (at >= 30 && at < 40);
      for (const [at, key] of keys.entries()) {
        await store.put(INPUT, key, await drawSubject({ format: 'png', width: 60 + at, height: 40 }));
        if (!isLost(at)) tell(key);
      }
      const lost = keys.filter((_, at) => isLost(at));
      // First only what was told of, so that what the sweep finds is what was lost.
      const first = startService({ pipeline, sources: [source], concurrency: 4, retry: RETRY, logger });
      await until(() => first.counts().results === keys.length - lost.length);
      await first.drain(5_000);

      let missing = 0;
      const sweep = createSweepSource({
        store: pipeline.store,
        input: { bucket: INPUT, prefix: '' },
        placeOf: pipeline.placeOf,
        accepts: (key) => pipeline.accepts(INPUT, key),
        intervalMs: 200,
        settleMs: 0,
        capacity: 100,
        onSweep: (report) => {
          missing ||= report.missing;
        },
        logger,
      });
      const second = serve(pipeline, [sweep]);
      await until(() => second.counts().results === lost.length);
      for (const key of keys) expect(await recordOf(store, key)).toBeDefined();
      expect(missing).toBeGreaterThanOrEqual(lost.length);
    });
  },
  120_000,
);

interface SettledRecord {
  readonly source: { readonly etag: string };
  readonly output: { readonly etag: string; readonly width: number };
}

async function recordOf(store: ObjectStore, key: string): Promise<SettledRecord | undefined> {
  if ((await store.head(OUTPUT, `records/${key}.json`)) === undefined) return undefined;
  const { body } = await store.get(OUTPUT, `records/${key}.json`);
  return JSON.parse(Buffer.concat(await body.toArray()).toString()) as SettledRecord;
}

/** The same store with a number behind every bucket's name. */
function onBuckets(store: ObjectStore, number: number): ObjectStore {
  const named = (bucket: string) => `${bucket}-${number}`;
  return {
    description: store.description,
    head: (bucket, ...rest) => store.head(named(bucket), ...rest),
    tags: (bucket, ...rest) => store.tags(named(bucket), ...rest),
    get: (bucket, ...rest) => store.get(named(bucket), ...rest),
    put: (bucket, ...rest) => store.put(named(bucket), ...rest),
    delete: (bucket, ...rest) => store.delete(named(bucket), ...rest),
    list: (bucket, ...rest) => store.list(named(bucket), ...rest),
    ensureBucket: (bucket) => store.ensureBucket(named(bucket)),
    presignGet: (bucket, ...rest) => store.presignGet(named(bucket), ...rest),
    presignPut: (bucket, ...rest) => store.presignPut(named(bucket), ...rest),
  };
}
