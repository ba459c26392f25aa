import { createHash } from 'node:crypto';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { findUnsettled } from '../../../src/events/sweep/find-unsettled.js';
import { deadLetterKey, recordKey } from '../../../src/storage/keys.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { type Buckets, EARLIER, INPUT, LATER, openBuckets, placeOf } from './buckets.js';

let buckets: Buckets;

beforeEach(async () => {
  buckets = await openBuckets();
});

async function unsettled(options: Partial<Parameters<typeof findUnsettled>[0]> = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const window of findUnsettled({
    store: buckets.store,
    input: INPUT,
    placeOf,
    accepts: () => true,
    ...options,
  })) {
    keys.push(...window.unsettled.map(({ key }) => key));
  }
  return keys;
}

describe('finding what is unsettled', () => {
  test('an input without record and dead letter is', async () => {
    await buckets.putInput('cat.jpg');
    expect(await unsettled()).toEqual(['cat.jpg']);
  });

  test('an input with a newer record, or a newer dead letter, is not', async () => {
    await buckets.putInput('done.jpg');
    await buckets.putRecord('done.jpg');
    await buckets.putInput('dead.jpg');
    await buckets.putDeadLetter('dead.jpg');
    expect(await unsettled()).toEqual([]);
  });

  test('an input that is newer than its outcome, or of the same moment, is', async () => {
    await buckets.putInput('again.jpg', LATER);
    await buckets.putRecord('again.jpg', EARLIER);
    await buckets.putInput('same.jpg', LATER);
    await buckets.putRecord('same.jpg', LATER);
    await buckets.putInput('was dead.jpg', LATER);
    await buckets.putDeadLetter('was dead.jpg', EARLIER);
    expect(await unsettled()).toEqual(['again.jpg', 'same.jpg', 'was dead.jpg']);
  });

  test('an input with both outcomes is, so that one of them can be removed', async () => {
    await buckets.putInput('cat.jpg');
    await buckets.putRecord('cat.jpg');
    await buckets.putDeadLetter('cat.jpg');
    expect(await unsettled()).toEqual(['cat.jpg']);
  });

  test('only inputs under the prefix that the filter accepts count', async () => {
    for (const key of ['photos/a.jpg', 'photos/b.txt', 'other/c.jpg']) await buckets.putInput(key);
    const input = { bucket: 'uploads', prefix: 'photos/' };
    expect(await unsettled({ input, accepts: (key) => key.endsWith('.jpg') })).toEqual(['photos/a.jpg']);
  });

  test('input and output may share a bucket', async () => {
    await buckets.putInput('in/a.jpg');
    await buckets.putInput('in/b.jpg');
    await buckets.putFile('uploads', 'out/records/in/a.jpg.json', LATER);
    const shared = (key: string) => ({
      bucket: 'uploads',
      recordKey: recordKey('out/records/', key),
      deadLetterKey: deadLetterKey('out/dead/', key),
    });
    const input = { bucket: 'uploads', prefix: 'in/' };
    expect(await unsettled({ input, placeOf: shared })).toEqual(['in/b.jpg']);
  });

  test('many records whose inputs are gone do not hide those that are there', async () => {
    for (let index = 0; index < 60; index += 1) await buckets.putRecord(`gone ${index}.jpg`);
    for (const key of ['a.jpg', 'gone 3x.jpg', 'z.jpg']) {
      await buckets.putInput(key);
      await buckets.putRecord(key);
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
            await rm(join(buckets.root, bucket), { recursive: true });
            await buckets.store.ensureBucket(bucket);
          }
          for (const [name, what] of chosen) {
            const at = what === 'older' ? EARLIER : LATER;
            await buckets.putInput(name, what === 'older' ? LATER : EARLIER);
            if (['record', 'both', 'older'].includes(what))
              await buckets.putFile('results', place(name).recordKey, at);
            if (['dead letter', 'both'].includes(what))
              await buckets.putFile('results', place(name).deadLetterKey, at);
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

describe('an outcome that is only a little newer than its input', () => {
  const ROUND_THE_CLOCK = 24 * 60 * 60 * 1000;
  let store: ObjectStore;

  beforeEach(() => {
    store = buckets.store;
  });

  /** An input and an outcome of it, made from the version that is there or from another one. */
  async function put(key: string, kind: 'recordKey' | 'deadLetterKey', of: 'this version' | 'another') {
    const source = await store.put('uploads', key, Buffer.from(key));
    await buckets.putOutcome(placeOf(key)[kind], source, of === 'another' ? 'another' : source.etag);
  }

  test('settles it only if it was made from this version', async () => {
    await put('done.jpg', 'recordKey', 'this version');
    await put('newer.jpg', 'recordKey', 'another');
    await put('dead.jpg', 'deadLetterKey', 'this version');
    await put('newer than dead.jpg', 'deadLetterKey', 'another');
    await buckets.putInput('unmarked.jpg', EARLIER);
    await buckets.putRecord('unmarked.jpg', LATER);
    const found = await unsettled({ doubtMs: ROUND_THE_CLOCK });
    expect(found.toSorted()).toEqual(['newer than dead.jpg', 'newer.jpg', 'unmarked.jpg']);
  });

  test('is trusted beyond the time of doubt', async () => {
    await buckets.putInput('cat.jpg', EARLIER);
    await buckets.putRecord('cat.jpg', LATER);
    const apart = LATER.getTime() - EARLIER.getTime();
    expect(await unsettled({ doubtMs: apart })).toEqual([]);
    expect(await unsettled({ doubtMs: apart + 1 })).toEqual(['cat.jpg']);
  });

  test('leaves nothing to do where the input vanishes meanwhile', async () => {
    await put('cat.jpg', 'recordKey', 'another');
    const vanishing: ObjectStore = {
      ...store,
      async head(bucket, key) {
        if (bucket === 'uploads') await store.delete(bucket, key);
        return store.head(bucket, key);
      },
    };
    expect(await unsettled({ store: vanishing, doubtMs: ROUND_THE_CLOCK })).toEqual([]);
  });

  test('that cannot be read costs the others nothing', async () => {
    for (const key of ['a.jpg', 'b.jpg', 'c.jpg']) await put(key, 'recordKey', 'this version');
    const broken: ObjectStore = {
      ...store,
      async head(bucket, key) {
        if (key === 'b.jpg') throw new Error('EIO: i/o error, read');
        return store.head(bucket, key);
      },
    };
    expect(await unsettled({ store: broken, doubtMs: ROUND_THE_CLOCK })).toEqual(['b.jpg']);
  });

  test('takes its turn: few are looked into at once', async () => {
    for (let index = 0; index < 30; index += 1) {
      await buckets.putInput(`${index}.jpg`, EARLIER);
      await buckets.putRecord(`${index}.jpg`, LATER);
    }
    let running = 0;
    let most = 0;
    const counting: ObjectStore = {
      ...store,
      async head(bucket, key) {
        running += 1;
        most = Math.max(most, running);
        return store.head(bucket, key).finally(() => {
          running -= 1;
        });
      },
    };
    expect(await unsettled({ store: counting, doubtMs: ROUND_THE_CLOCK })).toHaveLength(30);
    expect(most).toBe(16);
  });
});

test('a file moved in over a finished input is found, also with a modification time of long ago', async () => {
  const source = await buckets.store.put('uploads', 'cat.jpg', Buffer.from('finished'));
  await buckets.putOutcome(placeOf('cat.jpg').recordKey, source, source.etag);
  expect(await unsettled()).toEqual([]);
  const elsewhere = join(buckets.root, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'new.jpg'), 'of long ago');
  await utimes(join(elsewhere, 'new.jpg'), new Date('2001-01-01'), new Date('2001-01-01'));
  await rename(join(elsewhere, 'new.jpg'), join(buckets.root, 'uploads', 'cat.jpg'));
  expect(await unsettled()).toEqual(['cat.jpg']);
});
