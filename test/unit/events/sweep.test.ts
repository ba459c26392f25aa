import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findUnsettled } from '../../../src/events/sweep/find-unsettled.js';
import { createSweepSource, type SweepSource, type SweepSourceOptions } from '../../../src/events/sweep.js';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import { deadLetterKey, recordKey } from '../../../src/storage/keys.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { type Consumer, consume } from '../../contracts/consumer.js';

const INPUT = { bucket: 'uploads', prefix: '' };
const EARLIER = new Date('2024-01-01T12:00:00Z');
const LATER = new Date('2024-01-01T12:00:01Z');

const placeOf = (key: string) => ({
  bucket: 'results',
  recordKey: recordKey('records/', key),
  deadLetterKey: deadLetterKey('dead-letters/', key),
});

let root: string;
let store: ObjectStore;

/** An object as if it had been written at that moment. */
async function put(bucket: string, key: string, at: Date): Promise<void> {
  const path = join(root, bucket, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, 'content');
  await utimes(path, at, at);
}

const putInput = (key: string, at = EARLIER) => put('uploads', key, at);
const putRecord = (key: string, at = LATER) => put('results', placeOf(key).recordKey, at);
const putDeadLetter = (key: string, at = LATER) => put('results', placeOf(key).deadLetterKey, at);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'clearcut-sweep-'));
  store = await createDirectoryStore({ root });
  await store.ensureBucket('uploads');
  await store.ensureBucket('results');
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe('finding what is unsettled', () => {
  async function unsettled(options: Partial<Parameters<typeof findUnsettled>[0]> = {}): Promise<string[]> {
    const keys: string[] = [];
    for await (const window of findUnsettled({
      store,
      input: INPUT,
      placeOf,
      accepts: () => true,
      ...options,
    })) {
      keys.push(...window.unsettled.map(({ key }) => key));
    }
    return keys;
  }

  test('an input without record and dead letter is', async () => {
    await putInput('cat.jpg');
    expect(await unsettled()).toEqual(['cat.jpg']);
  });

  test('an input with a newer record, or a newer dead letter, is not', async () => {
    await putInput('done.jpg');
    await putRecord('done.jpg');
    await putInput('dead.jpg');
    await putDeadLetter('dead.jpg');
    expect(await unsettled()).toEqual([]);
  });

  test('an input that is newer than its outcome, or of the same moment, is', async () => {
    await putInput('again.jpg', LATER);
    await putRecord('again.jpg', EARLIER);
    await putInput('same.jpg', LATER);
    await putRecord('same.jpg', LATER);
    await putInput('was dead.jpg', LATER);
    await putDeadLetter('was dead.jpg', EARLIER);
    expect(await unsettled()).toEqual(['again.jpg', 'same.jpg', 'was dead.jpg']);
  });

  test('an input with both outcomes is, so that one of them can be removed', async () => {
    await putInput('cat.jpg');
    await putRecord('cat.jpg');
    await putDeadLetter('cat.jpg');
    expect(await unsettled()).toEqual(['cat.jpg']);
  });

  test('only inputs under the prefix that the filter accepts count', async () => {
    for (const key of ['photos/a.jpg', 'photos/b.txt', 'other/c.jpg']) await putInput(key);
    const input = { bucket: 'uploads', prefix: 'photos/' };
    expect(await unsettled({ input, accepts: (key) => key.endsWith('.jpg') })).toEqual(['photos/a.jpg']);
  });

  test('input and output may share a bucket', async () => {
    await putInput('in/a.jpg');
    await putInput('in/b.jpg');
    await put('uploads', 'out/records/in/a.jpg.json', LATER);
    const shared = (key: string) => ({
      bucket: 'uploads',
      recordKey: recordKey('out/records/', key),
      deadLetterKey: deadLetterKey('out/dead/', key),
    });
    const input = { bucket: 'uploads', prefix: 'in/' };
    expect(await unsettled({ input, placeOf: shared })).toEqual(['in/b.jpg']);
  });

  test('many records whose inputs are gone do not hide those that are there', async () => {
    for (let index = 0; index < 60; index += 1) await putRecord(`gone ${index}.jpg`);
    for (const key of ['a.jpg', 'gone 3x.jpg', 'z.jpg']) {
      await putInput(key);
      await putRecord(key);
    }
    expect(await unsettled({ windowSize: 2 })).toEqual([]);
  });

  /** Keys whose order differs from that of their records, long ones that are hashed, and ones beyond U+FFFF. */
  const key = fc.oneof(
    fc
      .array(fc.constantFrom('a', 'b', 'a-b', 'a.b', 'a b', 'a0', 'B', '\u{1f408}', '\uff5e', 'x.json'), {
        minLength: 1,
        maxLength: 3,
      })
      .map((segments) => segments.map((segment, depth) => `${depth}${segment}`).join('/'))
      .map((path) => `${path}/file`),
    fc
      .tuple(fc.constantFrom('m', 'n'), fc.integer({ min: 240, max: 254 }))
      .map(([letter, length]) => letter.repeat(length)),
    fc.constantFrom('a', 'a-b', 'a.b', 'a.json', 'a.json.json', 'a!', 'a~', 'aa'),
  );
  const state = fc.constantFrom('missing', 'record', 'dead letter', 'both', 'older');
  const inputs = fc.uniqueArray(fc.tuple(key, state), { selector: ([name]) => name, maxLength: 40 });
  /** A place for outcomes that has nothing of the order of the inputs. */
  const scattered = (name: string) => {
    const hash = createHash('sha256').update(name).digest('hex');
    return { bucket: 'results', recordKey: `records/${hash}`, deadLetterKey: `dead-letters/${hash}` };
  };

  test.each([
    ['as Clearcut names them', placeOf],
    ['in any other order', scattered],
  ])(
    'exactly the unsettled inputs are found, whatever the window, with outcomes named %s',
    async (_name, place) => {
      await fc.assert(
        fc.asyncProperty(inputs, fc.integer({ min: 1, max: 7 }), async (chosen, windowSize) => {
          for (const bucket of ['uploads', 'results']) {
            await rm(join(root, bucket), { recursive: true });
            await store.ensureBucket(bucket);
          }
          for (const [name, what] of chosen) {
            const at = what === 'older' ? EARLIER : LATER;
            await putInput(name, what === 'older' ? LATER : EARLIER);
            if (['record', 'both', 'older'].includes(what)) await put('results', place(name).recordKey, at);
            if (['dead letter', 'both'].includes(what)) await put('results', place(name).deadLetterKey, at);
          }
          const expected = chosen.filter(([, what]) => what !== 'record' && what !== 'dead letter');
          const found = await unsettled({ windowSize, placeOf: place });
          expect(found.toSorted()).toEqual(expected.map(([name]) => name).toSorted());
        }),
        { numRuns: 40 },
      );
    },
  );
});

describe('sweep source', () => {
  const HOUR = 60 * 60 * 1000;
  let source: SweepSource;
  let consumer: Consumer;

  function start(options: Partial<SweepSourceOptions> = {}): void {
    source = createSweepSource({
      store,
      input: INPUT,
      placeOf,
      accepts: () => true,
      intervalMs: HOUR,
      settleMs: 50,
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

  afterEach(async () => {
    await consumer.stop();
  });

  test('at the start it tells of what has no outcome', async () => {
    await putInput('a.jpg');
    await putInput('b.jpg');
    await putRecord('b.jpg');
    start();
    const delivery = await consumer.next();
    expect(delivery.event).toEqual({ kind: 'created', bucket: 'uploads', key: 'a.jpg', size: 7 });
    expect([delivery.source, delivery.attempt]).toEqual(['sweep', 1]);
  });

  test('every interval it tells of what came since', async () => {
    start({ intervalMs: 10 });
    await putInput('late.jpg');
    expect((await consumer.next()).event.key).toBe('late.jpg');
  });

  test('it tells of an object again until its outcome is stored', async () => {
    await putInput('a.jpg');
    start();
    await (await consumer.next()).ack();
    expect(await sweepAgain()).toEqual(['a.jpg']);
    await putRecord('a.jpg');
    expect(await sweepAgain()).toEqual([]);
  });

  test('it reports every sweep', async () => {
    const reports: unknown[] = [];
    await putInput('a.jpg');
    await putInput('b.jpg');
    await putRecord('b.jpg');
    start({ onSweep: (report) => reports.push(report) });
    const report = await source.sweepNow();
    expect(report).toEqual({ listed: 2, missing: 1, durationMs: expect.any(Number) });
    expect(reports.at(-1)).toEqual(report);
  });

  test('an object that waits for its next attempt keeps its attempts', async () => {
    await putInput('a.jpg');
    start();
    await (await consumer.next()).nack(100);
    await source.sweepNow();
    expect((await consumer.next()).attempt).toBe(2);
  });

  test('an object in flight is not told of a second time', async () => {
    await putInput('a.jpg');
    start();
    const delivery = await consumer.next();
    await source.sweepNow();
    await putRecord('a.jpg');
    await delivery.ack();
    expect(source.counts()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  test('no more events wait than the capacity allows, and none is lost', async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `${index}.jpg`).sort();
    for (const key of keys) await putInput(key);
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
      ...store,
      async head(bucket, key) {
        if (writes > 0) await appendFile(join(root, bucket, key), ', more content');
        writes -= 1;
        return store.head(bucket, key);
      },
    };
    await putInput('a.jpg', new Date(Date.now() + HOUR));
    start({ store: growing, settleMs: 5 });
    expect((await consumer.next()).event.size).toBe(
      'content, more content, more content, more content'.length,
    );
  });

  test('an object that vanishes before it is complete is not told of', async () => {
    await putInput('a.jpg', new Date(Date.now() + HOUR));
    start();
    await source.sweepNow();
    await store.delete('uploads', 'a.jpg');
    await putInput('b.jpg');
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
      ...store,
      list(...args) {
        listings += 1;
        return store.list(...args);
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

  test('a store that fails ends nothing: the next sweep tries again', async () => {
    await rm(join(root, 'uploads'), { recursive: true });
    start();
    await expect(source.sweepNow()).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await putInput('a.jpg');
    expect(await sweepAgain()).toEqual(['a.jpg']);
  });

  test('a failure is tried again after the interval without being asked', async () => {
    await rm(join(root, 'uploads'), { recursive: true });
    start({ intervalMs: 10 });
    await expect(source.sweepNow()).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    await putInput('a.jpg');
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
    for (let index = 0; index < 10; index += 1) await putInput(`${index}.jpg`);
    start({ capacity: 1 });
    await consumer.next();
    await consumer.stop();
    expect(source.counts()).toMatchObject({ waiting: 0, inFlight: 0 });
  });
});
