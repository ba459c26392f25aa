import { describe, expect, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import {
  buryObject,
  type Outcome,
  type Pipeline,
  processObject,
} from '../../../src/pipeline/process-object.js';
import { judge } from '../../../src/pipeline/retry-policy.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { drawSubject } from '../../support/draw.js';
import { createTestPipeline, INPUT, placeOf } from '../../support/pipeline.js';

const KEY = 'a.png';
const TASK = { bucket: INPUT, key: KEY, attempt: 1 };
const RETRY = { maxAttempts: 3, retryMin: 1, retryMax: 1 };

/** What the service does with one delivery, without the delivery. */
async function settle(pipeline: Pipeline): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await processObject({ ...TASK, attempt }, pipeline);
    } catch (error) {
      if (!(error instanceof ClearcutError)) throw error;
      if (judge(error, attempt, RETRY).action === 'dead-letter')
        return await buryObject(TASK, error, pipeline);
      if (error.code === 'STORE_UNAVAILABLE') throw error;
    }
  }
}

/** The same store, dying like a killed process: after so many changes it refuses everything. */
function dyingAfter(store: ObjectStore, changes: number): ObjectStore {
  let left = changes;
  const alive = () => {
    if (left < 0) throw new ClearcutError('STORE_UNAVAILABLE', 'the process was killed');
    return store;
  };
  const change = () => {
    left -= 1;
    return alive();
  };
  return {
    ...store,
    head: async (...args) => alive().head(...args),
    get: async (...args) => alive().get(...args),
    put: async (...args) => change().put(...args),
    delete: async (...args) => change().delete(...args),
  };
}

const good = () => drawSubject({ format: 'png' });
const other = () => drawSubject({ format: 'png', width: 90, height: 70 });
const bad = async () => Buffer.from('this is no picture');

describe('a kill between any two writes leaves, after the next start, exactly one outcome', () => {
  test.each([
    ['a new image', undefined, good, 'result'],
    ['a new bad image', undefined, bad, 'dead-letter'],
    ['a result replaced by another', good, other, 'result'],
    ['a result replaced by a dead letter', good, bad, 'dead-letter'],
    ['a dead letter replaced by a result', bad, good, 'result'],
  ] as const)('%s', async (_, first, second, kind) => {
    for (let changes = 0; changes < 6; changes++) {
      const { store, pipeline, upload, outputs } = await createTestPipeline();
      if (first !== undefined) {
        await upload(KEY, await first());
        await settle(pipeline);
      }
      await upload(KEY, await second());
      await settle({ ...pipeline, store: dyingAfter(store, changes) }).catch(() => undefined);
      await settle(pipeline);

      const place = placeOf(KEY, 'png');
      const expected = kind === 'result' ? [place.cutoutKey, place.recordKey] : [place.deadLetterKey];
      expect(await outputs(), `killed after ${changes} changes`).toEqual(expected);
      const newest = await store.head(INPUT, KEY);
      const outcome = await store.head(place.bucket, expected.at(-1) ?? '');
      expect(outcome?.metadata['clearcut-source-etag']).toBe(newest?.etag);
    }
  });

  test('a change of format takes the earlier cut-out away', async () => {
    for (let changes = 0; changes < 6; changes++) {
      const { store, pipeline, upload, outputs } = await createTestPipeline();
      await upload(KEY, await good());
      await settle(pipeline);
      await upload(KEY, await other());
      const webp: Pipeline = {
        ...pipeline,
        placeOf: (key) => placeOf(key, 'webp'),
        output: { ...pipeline.output, format: 'webp' },
      };
      await settle({ ...webp, store: dyingAfter(store, changes) }).catch(() => undefined);
      await settle(webp);
      const place = placeOf(KEY, 'webp');
      expect(await outputs(), `killed after ${changes} changes`).toEqual([place.cutoutKey, place.recordKey]);
    }
  });
});

describe('an older version never takes the place of a newer one', () => {
  /** Runs `meanwhile` once, just before the first write to a key that ends like this. */
  function beforeWriting(store: ObjectStore, ending: string, meanwhile: () => Promise<unknown>): ObjectStore {
    let done = false;
    return {
      ...store,
      async put(bucket, key, ...rest) {
        if (!done && key.endsWith(ending)) {
          done = true;
          await meanwhile();
        }
        return store.put(bucket, key, ...rest);
      },
    };
  }

  test.each(['.cutout.png', '.json'])(
    'a newer one settled just before the older writes its %s',
    async (ending) => {
      const { store, pipeline, upload, outputs } = await createTestPipeline();
      await upload(KEY, await good());
      const overtaken = beforeWriting(store, ending, async () => {
        await upload(KEY, await other());
        await settle(pipeline);
      });
      expect(await settle({ ...pipeline, store: overtaken })).toMatchObject({ kind: 'skipped' });
      const place = placeOf(KEY, 'png');
      expect(await outputs()).toEqual([place.cutoutKey, place.recordKey]);
      expect(await settle(pipeline)).toEqual({ kind: 'skipped', reason: 'already done' });
    },
  );

  test('a newer one arrives just before the record: the older outcome is withdrawn', async () => {
    const { store, pipeline, upload, outputs } = await createTestPipeline();
    await upload(KEY, await good());
    const overtaken = beforeWriting(store, '.json', async () => upload(KEY, await other()));
    expect(await settle({ ...pipeline, store: overtaken })).toEqual({
      kind: 'skipped',
      reason: 'superseded',
    });
    expect(await outputs()).toEqual([]);
    expect(await settle(pipeline)).toMatchObject({ kind: 'result', record: { output: { width: 90 } } });
  });

  test('a newer bad one settled meanwhile keeps its dead letter', async () => {
    const { store, pipeline, upload, outputs } = await createTestPipeline();
    await upload(KEY, await good());
    const overtaken = beforeWriting(store, '.json', async () => {
      await upload(KEY, await bad());
      await settle(pipeline);
    });
    await settle({ ...pipeline, store: overtaken });
    await settle(pipeline);
    expect(await outputs()).toEqual([placeOf(KEY, 'png').deadLetterKey]);
  });
});

test('a record that nobody can read is written over', async () => {
  const { store, pipeline, upload, outputs } = await createTestPipeline();
  const place = placeOf(KEY, 'png');
  await store.put(place.bucket, place.recordKey, Buffer.from('{"status": "from another age"}'));
  await upload(KEY, await good());
  expect(await settle(pipeline)).toMatchObject({ kind: 'result' });
  expect(await outputs()).toEqual([place.cutoutKey, place.recordKey]);
});

test.each([
  ['result', good],
  ['dead letter', bad],
])(
  'a %s that looks older than its input is made newer once, so that no sweep finds it for ever',
  async (_, bytes) => {
    const { store, pipeline, upload, outputs } = await createTestPipeline();
    await upload(KEY, await bytes());
    await settle(pipeline);
    const [document = ''] = (await outputs()).filter((key) => key.endsWith('.json'));
    const before = await store.head('results', document);
    /** The same store an hour after the input was touched, and two after its outcome was written. */
    const later: ObjectStore = {
      ...store,
      async head(bucket, key) {
        const head = await store.head(bucket, key);
        return head && bucket === INPUT ? { ...head, lastModified: hoursAgo(1) } : head;
      },
      async get(bucket, key, options) {
        const content = await store.get(bucket, key, options);
        const isOld = content.head.lastModified.getTime() === before?.lastModified.getTime();
        return isOld ? { ...content, head: { ...content.head, lastModified: hoursAgo(2) } } : content;
      },
    };
    expect(await settle({ ...pipeline, store: later })).toEqual({ kind: 'skipped', reason: 'already done' });
    const refreshed = await store.head('results', document);
    expect(refreshed?.lastModified.getTime()).toBeGreaterThan(before?.lastModified.getTime() ?? 0);
    await settle({ ...pipeline, store: later });
    expect(await store.head('results', document)).toEqual(refreshed);
  },
);

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
