import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLocalQueue } from '../../../src/events/local-queue.js';
import { forgetObject } from '../../../src/pipeline/forget-object.js';
import { type Pipeline, processObject } from '../../../src/pipeline/process-object.js';
import { startService } from '../../../src/pipeline/service.js';
import { readSettlement, settledAs } from '../../../src/pipeline/settlement.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { drawSubject } from '../../support/draw.js';
import { createTestPipeline, INPUT, placeOf, withOptions } from '../../support/pipeline.js';
import { until } from '../../support/until.js';

const KEY = 'a.png';
const TASK = { bucket: INPUT, key: KEY, attempt: 1 };

/** The same store, doing something once, just before a key that starts like this is deleted. */
function interrupted(store: ObjectStore, prefix: string, intrude: () => Promise<unknown>): ObjectStore {
  let done = false;
  return {
    ...store,
    async delete(bucket, key) {
      if (!done && key.startsWith(prefix)) {
        done = true;
        await intrude();
      }
      await store.delete(bucket, key);
    },
  };
}

describe('forgetObject', () => {
  test('removes cut-out and record of an input that is gone', async () => {
    const { pipeline, store, upload, outputs } = await createTestPipeline();
    await upload(KEY, await drawSubject());
    await processObject(TASK, pipeline);
    expect(await outputs()).toHaveLength(2);
    await store.delete(INPUT, KEY);
    expect(await forgetObject(TASK, pipeline)).toEqual({ kind: 'removed' });
    expect(await outputs()).toEqual([]);
    expect(await forgetObject(TASK, pipeline)).toEqual({ kind: 'skipped', reason: 'gone' });
  });

  test('removes a cut-out that was made in another format too', async () => {
    const { pipeline, store, upload, outputs } = await createTestPipeline();
    await upload(KEY, await drawSubject());
    await processObject(TASK, pipeline);
    await store.delete(INPUT, KEY);
    expect(await forgetObject(TASK, withOptions(pipeline, { format: 'webp' }))).toEqual({ kind: 'removed' });
    expect(await outputs()).toEqual([]);
  });

  test('leaves the outcome of an input that exists: the news of its removal was late', async () => {
    const { pipeline, upload, outputs } = await createTestPipeline();
    await upload(KEY, await drawSubject());
    await processObject(TASK, pipeline);
    expect(await forgetObject(TASK, pipeline)).toEqual({ kind: 'skipped', reason: 'already done' });
    expect(await outputs()).toHaveLength(2);
  });

  test('leaves alone what the filter does not let through', async () => {
    const { pipeline, store, upload, outputs } = await createTestPipeline();
    await upload(KEY, await drawSubject());
    await processObject(TASK, pipeline);
    await store.delete(INPUT, KEY);
    const filtered: Pipeline = { ...pipeline, accepts: () => false };
    expect(await forgetObject(TASK, filtered)).toEqual({ kind: 'skipped', reason: 'filtered' });
    expect(await outputs()).toHaveLength(2);
  });

  test.each(['cutouts/', 'records/'])(
    'an input that comes again while its outcome is removed (at %s) ends with one result',
    async (prefix) => {
      const { pipeline, store, upload } = await createTestPipeline();
      await upload(KEY, await drawSubject());
      await processObject(TASK, pipeline);
      await store.delete(INPUT, KEY);
      const intruded = interrupted(store, prefix, async () => {
        await upload(KEY, await drawSubject({ width: 90, height: 70 }));
        await processObject(TASK, pipeline);
      });
      await forgetObject(TASK, { ...pipeline, store: intruded });
      const head = await store.head(INPUT, KEY);
      const settlement = await readSettlement(store, placeOf(KEY));
      expect(settledAs(settlement, head?.etag ?? '')).toBe('result');
      expect(settlement.deadLetter).toBeUndefined();
    },
  );
});

describe('a removal that a source tells of', () => {
  async function serve(removeResults: boolean) {
    const { pipeline, store, upload, outputs } = await createTestPipeline();
    const queue = createLocalQueue({ source: 'sweep', capacity: 10 });
    const service = startService({
      pipeline,
      sources: [{ name: 'sweep', deliveries: (signal) => queue.deliveries(signal) }],
      concurrency: 1,
      retry: { maxAttempts: 3, retryMin: 5, retryMax: 20 },
      removeResults,
      logger: pino({ level: 'silent' }),
    });
    onTestFinished(async () => void (await service.drain(5_000)));
    await upload(KEY, await drawSubject());
    queue.push({ kind: 'created', bucket: INPUT, key: KEY });
    await until(() => service.counts().results === 1);
    await store.delete(INPUT, KEY);
    queue.push({ kind: 'removed', bucket: INPUT, key: KEY });
    await until(() => queue.counts().waiting + queue.counts().inFlight + service.counts().inFlight === 0);
    return { service, outputs };
  }

  test('removes the outcome where that is asked for', async () => {
    const { service, outputs } = await serve(true);
    expect(await outputs()).toEqual([]);
    expect(service.counts()).toMatchObject({ results: 1, removed: 1, foundBySweep: 1 });
  });

  test('leaves it by default', async () => {
    const { service, outputs } = await serve(false);
    expect(await outputs()).toHaveLength(2);
    expect(service.counts()).toMatchObject({ results: 1, removed: 0 });
  });
});
