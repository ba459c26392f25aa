import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSweepSource, type SweepSource, type SweepSourceOptions } from '../../../src/events/sweep.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { type Consumer, consume } from '../../contracts/consumer.js';
import { type Buckets, HOUR, INPUT, openBuckets, placeOf } from './buckets.js';

describe('sweep source', () => {
  let buckets: Buckets;
  let source: SweepSource;
  let consumer: Consumer;

  function start(options: Partial<SweepSourceOptions> = {}): void {
    source = createSweepSource({
      store: buckets.store,
      input: INPUT,
      placeOf,
      accepts: () => true,
      intervalMs: HOUR,
      settleMs: 0,
      capacity: 100,
      logger: pino({ level: 'silent' }),
      ...options,
    });
    consumer = consume(source);
  }

  /** Keys that a new sweep tells of. */
  async function sweepAgain(): Promise<string[]> {
    const from = consumer.seen.length;
    const { missing } = await source.sweepNow();
    for (let index = 0; index < missing; index += 1) await (await consumer.next()).ack();
    return consumer.seen.slice(from);
  }

  beforeEach(async () => {
    buckets = await openBuckets();
  });

  afterEach(async () => {
    await consumer.stop();
  });

  test('shared with other processes, it hands out in an order of its own', async () => {
    const keys = Array.from({ length: 40 }, (_, at) => `${String(at).padStart(2, '0')}.jpg`);
    for (const key of keys) await buckets.putInput(key);
    start({ isShared: true });
    for (const _ of keys) await (await consumer.next()).ack();
    expect(consumer.seen).not.toEqual(keys);
    expect([...consumer.seen].sort()).toEqual(keys);
  });

  test('at the start it tells of what has no outcome', async () => {
    await buckets.putInput('a.jpg');
    await buckets.putInput('b.jpg');
    await buckets.putRecord('b.jpg');
    start();
    const delivery = await consumer.next();
    expect(delivery.event).toEqual({ kind: 'created', bucket: 'uploads', key: 'a.jpg', size: 7 });
    expect([delivery.source, delivery.attempt]).toEqual(['sweep', 1]);
  });

  test('every interval it tells of what came since', async () => {
    start({ intervalMs: 10 });
    await buckets.putInput('late.jpg');
    expect((await consumer.next()).event.key).toBe('late.jpg');
  });

  test('it tells of an object again until its outcome is stored', async () => {
    await buckets.putInput('a.jpg');
    start();
    await (await consumer.next()).ack();
    expect(await sweepAgain()).toEqual(['a.jpg']);
    await buckets.putRecord('a.jpg');
    expect(await sweepAgain()).toEqual([]);
  });

  test('it reports every sweep', async () => {
    const reports: unknown[] = [];
    await buckets.putInput('a.jpg');
    await buckets.putInput('b.jpg');
    await buckets.putRecord('b.jpg');
    start({ onSweep: (report) => reports.push(report) });
    const report = await source.sweepNow();
    expect(report).toEqual({ listed: 2, missing: 1, durationMs: expect.any(Number) });
    expect(reports.at(-1)).toEqual(report);
  });

  test('an object that waits for its next attempt keeps its attempts', async () => {
    await buckets.putInput('a.jpg');
    start();
    await (await consumer.next()).nack(100);
    await source.sweepNow();
    expect((await consumer.next()).attempt).toBe(2);
  });

  test('an object in flight is not told of a second time', async () => {
    await buckets.putInput('a.jpg');
    start();
    const delivery = await consumer.next();
    await source.sweepNow();
    await buckets.putRecord('a.jpg');
    await delivery.ack();
    expect(source.counts()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  test('no more events wait than the capacity allows, and none is lost', async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `${index}.jpg`).sort();
    for (const key of keys) await buckets.putInput(key);
    start({ capacity: 2, windowSize: 5 });
    for (const _ of keys) {
      const delivery = await consumer.next();
      expect(source.counts()).toMatchObject({ overflowed: 0 });
      expect(source.counts().waiting).toBeLessThanOrEqual(2);
      await delivery.ack();
    }
    expect(consumer.seen).toEqual(keys);
  });

  test('an object that is still being written is told of only when it is complete', async () => {
    let writes = 3;
    const growing: ObjectStore = {
      ...buckets.store,
      async head(bucket, key) {
        if (writes > 0) await appendFile(join(buckets.root, bucket, key), ', more content');
        writes -= 1;
        return buckets.store.head(bucket, key);
      },
    };
    await buckets.putInput('a.jpg', new Date(Date.now() + HOUR));
    start({ store: growing, settleMs: 5 });
    expect((await consumer.next()).event.size).toBe(
      'content, more content, more content, more content'.length,
    );
  });

  test('an object that vanishes before it is complete is not told of', async () => {
    await buckets.putInput('a.jpg', new Date(Date.now() + HOUR));
    start({ settleMs: 200 });
    await source.sweepNow();
    await buckets.store.delete('uploads', 'a.jpg');
    await buckets.putInput('b.jpg');
    await source.sweepNow();
    expect((await consumer.next()).event.key).toBe('b.jpg');
  });

  test('the first listing waits for the other sources to start', async () => {
    let begin = () => {};
    const beginAfter = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let listings = 0;
    const counting: ObjectStore = {
      ...buckets.store,
      list(...args) {
        listings += 1;
        return buckets.store.list(...args);
      },
    };
    start({ store: counting, beginAfter });
    const asked = source.sweepNow();
    await nextTurn();
    expect(listings).toBe(0);
    begin();
    await asked;
    expect(listings).toBeGreaterThan(0);
  });

  test('a source that never says that it started holds the first listing back for an interval at most', async () => {
    await buckets.putInput('a.jpg');
    start({ beginAfter: new Promise(() => {}), intervalMs: 10 });
    expect((await consumer.next()).event.key).toBe('a.jpg');
  });

  test('a store that fails ends nothing: the next sweep tries again', async () => {
    await rm(join(buckets.root, 'uploads'), { recursive: true });
    start();
    await expect(source.sweepNow()).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await buckets.putInput('a.jpg');
    expect(await sweepAgain()).toEqual(['a.jpg']);
  });

  test('a failure is tried again after the interval without being asked', async () => {
    await rm(join(buckets.root, 'uploads'), { recursive: true });
    start({ intervalMs: 10 });
    await expect(source.sweepNow()).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await buckets.putInput('a.jpg');
    expect((await consumer.next()).event.key).toBe('a.jpg');
  });

  test('a sweep asked for when nobody consumes any more is refused', async () => {
    start({ beginAfter: new Promise(() => {}) });
    await nextTurn();
    const asked = source.sweepNow();
    await consumer.stop();
    await expect(asked).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  test('an abort in the middle of a listing that waits for room ends the iteration', async () => {
    for (let index = 0; index < 10; index += 1) await buckets.putInput(`${index}.jpg`);
    start({ capacity: 1 });
    await consumer.next();
    await consumer.stop();
    expect(source.counts()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  describe('after a death between the outcome of one version and the news of the next', () => {
    /** The newer version arrived, then the outcome of the older one was stored. */
    async function die(key: string): Promise<void> {
      const older = await buckets.store.put('uploads', key, Buffer.from('older'));
      const newer = await buckets.store.put('uploads', key, Buffer.from('newer'));
      await buckets.putOutcome(placeOf(key).recordKey, newer, older.etag);
    }

    test('the first sweep tells of the newer version', async () => {
      await die('a.jpg');
      start();
      expect((await consumer.next()).event.key).toBe('a.jpg');
    });

    test('a first sweep that fails leaves that to the next', async () => {
      await rm(join(buckets.root, 'uploads'), { recursive: true });
      start();
      await expect(source.sweepNow()).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
      await buckets.store.ensureBucket('uploads');
      await die('a.jpg');
      expect(await sweepAgain()).toEqual(['a.jpg']);
    });

    test('later sweeps trust the times and ask for no object', async () => {
      let asked = 0;
      const counting: ObjectStore = {
        ...buckets.store,
        head(...args) {
          asked += 1;
          return buckets.store.head(...args);
        },
      };
      await die('a.jpg');
      start({ store: counting });
      await (await consumer.next()).ack();
      expect(asked).toBe(2);
      expect(await sweepAgain()).toEqual([]);
      expect(asked).toBe(2);
    });
  });
});
