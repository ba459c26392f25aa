import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { createFileTarget } from '../../../src/notify/file-target.js';
import { createNotifier, type Notifier } from '../../../src/notify/notifier.js';
import type { Target } from '../../../src/notify/target.js';
import { forgetObject } from '../../../src/pipeline/forget-object.js';
import { buryObject, type Pipeline, processObject } from '../../../src/pipeline/process-object.js';
import { judge } from '../../../src/pipeline/retry-policy.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { drawSubject } from '../../support/draw.js';
import { createTestPipeline, INPUT, OUTPUT, placeOf, type TestPipeline } from '../../support/pipeline.js';
import { until } from '../../support/until.js';

const KEY = 'a.png';
const RETRY = { maxAttempts: 3, retryMin: 1, retryMax: 1 };

/** More than all that one outcome and its news change: two deletes of the earlier outcome are among them. */
const MAX_CHANGES = 9;

const good = () => drawSubject({ format: 'png' });
const other = () => drawSubject({ format: 'png', width: 90, height: 70 });
const bad = async () => Buffer.from('this is no picture');

/** What a process changes in the world; after so many changes it is dead. */
function life(changes: number) {
  let left = changes;
  const dead = () => new ClearcutError('STORE_UNAVAILABLE', 'the process was killed');
  return {
    isOver: () => left < 0,
    look<Result>(action: () => Promise<Result>): Promise<Result> {
      return left < 0 ? Promise.reject(dead()) : action();
    },
    change<Result>(action: () => Promise<Result>): Promise<Result> {
      left -= 1;
      return left < 0 ? Promise.reject(dead()) : action();
    },
  };
}

type Life = ReturnType<typeof life>;

function storeOf(store: ObjectStore, { look, change }: Life): ObjectStore {
  return {
    ...store,
    head: (...args) => look(() => store.head(...args)),
    get: (...args) => look(() => store.get(...args)),
    put: (...args) => change(() => store.put(...args)),
    delete: (...args) => change(() => store.delete(...args)),
  };
}

interface Process {
  readonly pipeline: Pipeline;
  readonly notifier: Notifier;
}

function startProcess(bench: TestPipeline, now: () => number, lifetime?: Life): Process {
  const store = lifetime === undefined ? bench.store : storeOf(bench.store, lifetime);
  const file = createFileTarget(join(bench.root, 'events.ndjson'));
  const target: Target =
    lifetime === undefined
      ? file
      : { ...file, send: (event, signal) => lifetime.change(() => file.send(event, signal)) };
  const notifier = createNotifier({
    store,
    bucket: OUTPUT,
    prefix: 'events/',
    targets: [target],
    pauses: [1_000],
    intervalMs: 60_000,
    placeOf: (key) => placeOf(key),
    logger: pino({ level: 'silent' }),
    now,
  });
  return { notifier, pipeline: { ...bench.pipeline, store, outcomes: notifier } };
}

/** What the service does with one delivery, without the delivery. */
async function settle({ pipeline, notifier }: Process, key = KEY): Promise<void> {
  const task = { bucket: INPUT, key };
  for (let attempt = 1; ; attempt++) {
    try {
      await processObject({ ...task, attempt }, pipeline);
      break;
    } catch (error) {
      if (!(error instanceof ClearcutError)) throw error;
      if (error.code === 'STORE_UNAVAILABLE') throw error;
      if (judge(error, attempt, RETRY).action !== 'dead-letter') continue;
      await buryObject({ ...task, attempt }, error, pipeline);
      break;
    }
  }
  await until(() => notifier.counts().inFlight === 0);
}

interface Told {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: { readonly source: { readonly etag: string } };
}

async function toldOf({ root }: TestPipeline): Promise<Told[]> {
  const text = await readFile(join(root, 'events.ndjson'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function outboxOf({ store }: TestPipeline): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(OUTPUT, { prefix: 'events/' })) keys.push(key);
  return keys;
}

/** One life that ends after so many changes, then another that comes back in time, and once more a while later. */
async function liveTwice(
  bench: TestPipeline,
  changes: number,
  work: (process: Process) => Promise<void>,
): Promise<void> {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const now = () => time;
  const lifetime = life(changes);
  const killed = startProcess(bench, now, lifetime);
  await work(killed).catch(() => undefined);
  await until(() => killed.notifier.counts().inFlight === 0);

  time += 1_000;
  const next = startProcess(bench, now);
  await next.notifier.replay();
  await work(next);
  time += 120_000;
  await next.notifier.replay();
}

describe('a kill between any two writes: in the end the outcome that stands is told, and nothing else of it', () => {
  test.each([
    ['a new image', undefined, good, 'clearcut.result'],
    ['a new bad image', undefined, bad, 'clearcut.dead-letter'],
    ['a result replaced by another', good, other, 'clearcut.result'],
    ['a result replaced by a dead letter', good, bad, 'clearcut.dead-letter'],
    ['a dead letter replaced by a result', bad, good, 'clearcut.result'],
  ] as const)('%s', async (_, first, second, type) => {
    const bench = await createTestPipeline();
    for (let changes = 0; changes < MAX_CHANGES; changes++) {
      const key = `${changes}.png`;
      if (first !== undefined) {
        await bench.upload(key, await first());
        await settle(startProcess(bench, Date.now), key);
      }
      await bench.upload(key, await second());
      const newest = await bench.store.head(INPUT, key);
      await liveTwice(bench, changes, (process) => settle(process, key));

      const told = (await toldOf(bench)).filter(
        ({ subject, data }) => subject === key && data.source.etag === newest?.etag,
      );
      expect(
        told.map((event) => event.type),
        `killed after ${changes} changes`,
      ).toContain(type);
      expect(new Set(told.map(({ type }) => type))).toEqual(new Set([type]));
      expect(new Set(told.map(({ id }) => id)).size).toBe(1);
      expect(await outboxOf(bench)).toEqual([]);
    }
  });

  test('an outcome that is removed with its input', async () => {
    const bench = await createTestPipeline();
    for (let changes = 0; changes < MAX_CHANGES; changes++) {
      const key = `${changes}.png`;
      await bench.upload(key, await good());
      await settle(startProcess(bench, Date.now), key);
      const etag = (await bench.store.head(INPUT, key))?.etag;
      await bench.store.delete(INPUT, key);
      await liveTwice(bench, changes, async ({ pipeline, notifier }) => {
        await forgetObject({ bucket: INPUT, key, attempt: 1 }, pipeline);
        await until(() => notifier.counts().inFlight === 0);
      });
      const removed = (await toldOf(bench)).filter(
        ({ type, subject }) => type === 'clearcut.removed' && subject === key,
      );
      expect(new Set(removed.map(({ data }) => data.source.etag)), `killed after ${changes} changes`).toEqual(
        new Set([etag]),
      );
      expect(await bench.outputs()).toEqual([]);
    }
  });
});

test('the news of an outcome costs one put and one delete', async () => {
  const bench = await createTestPipeline();
  const changes: string[] = [];
  const store: ObjectStore = {
    ...bench.store,
    put: (bucket, key, ...rest) => {
      changes.push(`put ${key.split('/')[0]}`);
      return bench.store.put(bucket, key, ...rest);
    },
    delete: (bucket, key) => {
      changes.push(`delete ${key.split('/')[0]}`);
      return bench.store.delete(bucket, key);
    },
  };
  await bench.upload(KEY, await good());
  await settle(startProcess({ ...bench, store }, Date.now));
  expect(changes).toEqual(['put cutouts', 'put events', 'put records', 'delete events']);
});

test('without a kill every outcome is told exactly once', async () => {
  const bench = await createTestPipeline();
  const process = startProcess(bench, Date.now);
  await bench.upload(KEY, await good());
  await settle(process);
  await settle(process);
  await bench.upload(KEY, await bad());
  await settle(process);
  await bench.store.delete(INPUT, KEY);
  await forgetObject({ bucket: INPUT, key: KEY, attempt: 1 }, process.pipeline);
  await until(() => process.notifier.counts().inFlight === 0);
  expect((await toldOf(bench)).map(({ type }) => type)).toEqual([
    'clearcut.result',
    'clearcut.dead-letter',
    'clearcut.removed',
  ]);
});

describe('who is overtaken', () => {
  /** Runs `meanwhile` once, just before the first write to a key that starts like this. */
  function beforeWriting(store: ObjectStore, start: string, meanwhile: () => Promise<unknown>): ObjectStore {
    let done = false;
    return {
      ...store,
      async put(bucket, key, ...rest) {
        if (!done && key.startsWith(start)) {
          done = true;
          await meanwhile();
        }
        return store.put(bucket, key, ...rest);
      },
    };
  }

  test.each(['events/', 'records/'])(
    'by a newer version just before it writes to %s tells nothing of its own',
    async (start) => {
      const bench = await createTestPipeline();
      await bench.upload(KEY, await good());
      const process = startProcess(bench, Date.now);
      const store = beforeWriting(bench.store, start, async () => {
        await bench.upload(KEY, await other());
        await settle(process);
      });
      await settle({ ...process, pipeline: { ...process.pipeline, store } });
      const newest = await bench.store.head(INPUT, KEY);
      expect((await toldOf(bench)).map(({ data }) => data.source.etag)).toEqual([newest?.etag]);
      expect(await outboxOf(bench)).toEqual([]);
    },
  );

  test('by nobody, but told so (the answer to its write was lost), tells its outcome', async () => {
    const bench = await createTestPipeline();
    await bench.upload(KEY, await good());
    const process = startProcess(bench, Date.now);
    let isLost = false;
    const store: ObjectStore = {
      ...bench.store,
      async put(bucket, key, ...rest) {
        const head = await bench.store.put(bucket, key, ...rest);
        if (isLost || !key.startsWith('records/')) return head;
        isLost = true;
        throw new ClearcutError('PRECONDITION_FAILED', 'somebody was faster', { bucket, key });
      },
    };
    await settle({ ...process, pipeline: { ...process.pipeline, store } });
    expect((await toldOf(bench)).map(({ type }) => type)).toEqual(['clearcut.result']);
    expect(await outboxOf(bench)).toEqual([]);
  });
});
