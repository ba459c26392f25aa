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
import { createTestPipeline, INPUT, OUTPUT, placeOf } from '../../support/pipeline.js';

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

const { recordKey, deadLetterKey, pictureKey } = placeOf(KEY);
const CUTOUT = pictureKey('cutout', 'png');
const MASK = pictureKey('mask', 'png');

/** An upload that asks for something. */
interface Upload {
  readonly bytes: () => Promise<Buffer>;
  readonly options?: Readonly<Record<string, string>>;
}

const BOTH = { output: 'both' };

/** More than any of the settlements below takes. */
const MOST_CHANGES = 8;

describe('a kill between any two writes leaves, after the next start, exactly one outcome', () => {
  test.each<[string, Upload | undefined, Upload, string[]]>([
    ['a new image', undefined, { bytes: good }, [CUTOUT, recordKey]],
    ['a new bad image', undefined, { bytes: bad }, [deadLetterKey]],
    ['a result replaced by another', { bytes: good }, { bytes: other }, [CUTOUT, recordKey]],
    ['a result replaced by a dead letter', { bytes: good }, { bytes: bad }, [deadLetterKey]],
    ['a dead letter replaced by a result', { bytes: bad }, { bytes: good }, [CUTOUT, recordKey]],
    [
      'another format',
      { bytes: good },
      { bytes: other, options: { format: 'webp' } },
      [pictureKey('cutout', 'webp'), recordKey],
    ],
    ['cut-out and mask', undefined, { bytes: good, options: BOTH }, [CUTOUT, MASK, recordKey]],
    [
      'both replaced by both',
      { bytes: good, options: BOTH },
      { bytes: other, options: BOTH },
      [CUTOUT, MASK, recordKey],
    ],
    [
      'both replaced by both in other formats',
      { bytes: good, options: { ...BOTH, format: 'webp' } },
      { bytes: other, options: BOTH },
      [CUTOUT, MASK, recordKey],
    ],
    [
      'a cut-out replaced by both',
      { bytes: good },
      { bytes: other, options: BOTH },
      [CUTOUT, MASK, recordKey],
    ],
    ['both replaced by a cut-out', { bytes: good, options: BOTH }, { bytes: other }, [CUTOUT, recordKey]],
    [
      'both replaced by a mask',
      { bytes: good, options: BOTH },
      { bytes: other, options: { output: 'mask' } },
      [MASK, recordKey],
    ],
    ['both replaced by a dead letter', { bytes: good, options: BOTH }, { bytes: bad }, [deadLetterKey]],
    [
      'a dead letter replaced by both',
      { bytes: bad },
      { bytes: good, options: BOTH },
      [CUTOUT, MASK, recordKey],
    ],
  ])('%s', async (_, first, second, expected) => {
    for (let changes = 0; changes < MOST_CHANGES; changes++) {
      const { store, pipeline, upload, outputs } = await createTestPipeline();
      if (first !== undefined) {
        await upload(KEY, await first.bytes(), first.options);
        await settle(pipeline);
      }
      await upload(KEY, await second.bytes(), second.options);
      await settle({ ...pipeline, store: dyingAfter(store, changes) }).catch(() => undefined);
      await settle(pipeline);
      await expectOutcome(store, outputs, expected, `killed after ${changes} changes`);
    }
  });

  test('pictures that no record names are taken away with the next version, whatever it asks for', async () => {
    for (const [second, expected] of [
      [{ bytes: other, options: { format: 'webp' } }, [pictureKey('cutout', 'webp'), recordKey]],
      [{ bytes: bad }, [deadLetterKey]],
    ] satisfies Array<[Upload, string[]]>) {
      const { store, pipeline, upload, outputs } = await createTestPipeline();
      await upload(KEY, await good(), BOTH);
      await settle({ ...pipeline, store: dyingAfter(store, 2) }).catch(() => undefined);
      expect(await outputs()).toEqual([CUTOUT, MASK]);
      await upload(KEY, await second.bytes(), second.options);
      // Once more after a kill in the middle.
      await settle({ ...pipeline, store: dyingAfter(store, 1) }).catch(() => undefined);
      await settle(pipeline);
      await expectOutcome(store, outputs, expected, 'after strays');
    }
  });

  async function expectOutcome(
    store: ObjectStore,
    outputs: () => Promise<string[]>,
    expected: readonly string[],
    when: string,
  ): Promise<void> {
    expect(await outputs(), when).toEqual([...expected].sort());
    const newest = await store.head(INPUT, KEY);
    for (const key of expected) {
      const outcome = await store.head(OUTPUT, key);
      expect(outcome?.metadata['clearcut-source-etag'], when).toBe(newest?.etag);
    }
  }
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
      expect(await outputs()).toEqual([CUTOUT, recordKey]);
      expect(await settle(pipeline)).toEqual({ kind: 'skipped', reason: 'already done' });
    },
  );

  test.each([['.cutout.webp'], ['.mask.webp'], ['.json']])(
    'a newer one that asks for less is settled just before the older writes its %s: nothing of that stays',
    async (ending) => {
      const { store, pipeline, upload, outputs } = await createTestPipeline();
      await upload(KEY, await good(), { ...BOTH, format: 'webp' });
      const overtaken = beforeWriting(store, ending, async () => {
        await upload(KEY, await other());
        await settle(pipeline);
      });
      expect(await settle({ ...pipeline, store: overtaken })).toMatchObject({ kind: 'skipped' });
      await settle(pipeline);
      expect(await outputs()).toEqual([CUTOUT, recordKey]);
    },
  );

  test.each([undefined, BOTH])(
    'a newer one arrives just before the record: the older outcome is withdrawn',
    async (options) => {
      const { store, pipeline, upload, outputs } = await createTestPipeline();
      await upload(KEY, await good(), options);
      const overtaken = beforeWriting(store, '.json', async () => upload(KEY, await other()));
      expect(await settle({ ...pipeline, store: overtaken })).toEqual({
        kind: 'skipped',
        reason: 'superseded',
      });
      expect(await outputs()).toEqual([]);
      expect(await settle(pipeline)).toMatchObject({ kind: 'result', record: { output: { width: 90 } } });
    },
  );

  test('a newer bad one settled meanwhile keeps its dead letter', async () => {
    const { store, pipeline, upload, outputs } = await createTestPipeline();
    await upload(KEY, await good());
    const overtaken = beforeWriting(store, '.json', async () => {
      await upload(KEY, await bad());
      await settle(pipeline);
    });
    await settle({ ...pipeline, store: overtaken });
    await settle(pipeline);
    expect(await outputs()).toEqual([deadLetterKey]);
  });
});

test('a record that nobody can read is written over', async () => {
  const { store, pipeline, upload, outputs } = await createTestPipeline();
  await store.put(OUTPUT, recordKey, Buffer.from('{"status": "from another age"}'));
  await upload(KEY, await good());
  expect(await settle(pipeline)).toMatchObject({ kind: 'result' });
  expect(await outputs()).toEqual([CUTOUT, recordKey]);
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
