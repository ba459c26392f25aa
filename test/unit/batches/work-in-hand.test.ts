import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createWorkInHand, createWorkInHandReader } from '../../../src/batches/work-in-hand.js';
import { ClearcutError } from '../../../src/errors.js';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FOLDER = 'api/workers/';
const logger = pino({ level: 'silent' });

async function open() {
  const root = await temporaryFolder();
  const store = await createDirectoryStore({ root });
  await store.ensureBucket('results');
  return { store };
}

function workerOn(store: ObjectStore, name: string) {
  const objectKey = `${FOLDER}${name}.json`;
  const isAskedFor = (key: string) => key.startsWith('batches/');
  return createWorkInHand({ store, bucket: 'results', objectKey, isAskedFor, logger, pauseMs: 10 });
}

/** As one who has read nothing yet. */
async function inHand(store: ObjectStore): Promise<string[]> {
  return [...(await createWorkInHandReader(store, 'results', FOLDER).keys())].sort();
}

async function documents(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('results', { prefix: FOLDER })) keys.push(key);
  return keys;
}

it('is that of all workers together, and nothing where they have ended', async () => {
  const { store } = await open();
  const [one, other] = [workerOn(store, 'one'), workerOn(store, 'other')];
  const ends = [
    one.begin('batches/a'),
    one.begin('batches/b'),
    other.begin('batches/c'),
    other.begin('elsewhere'),
  ];
  await expect.poll(() => inHand(store)).toEqual(['batches/a', 'batches/b', 'batches/c']);
  ends[0]?.();
  await expect.poll(() => inHand(store)).toEqual(['batches/b', 'batches/c']);
  for (const end of ends) end();
  await expect.poll(() => documents(store)).toEqual([]);
  await Promise.all([one.close(), other.close()]);
});

it('is taken away when a worker stops in the middle', async () => {
  const { store } = await open();
  const worker = workerOn(store, 'one');
  worker.begin('batches/a');
  await expect.poll(() => documents(store)).toHaveLength(1);
  await worker.close();
  expect(await documents(store)).toEqual([]);
});

it('is not believed of a worker that has been silent for long, and removed in the end', async () => {
  const { store } = await open();
  const put = (name: string, expiresAt: number) =>
    store.put('results', `${FOLDER}${name}.json`, Buffer.from(JSON.stringify({ keys: [name], expiresAt })));
  await put('expired', Date.now() - 1);
  await put('silent', Date.now() + 60_000);
  await put('long dead', Date.now() + 60_000);
  await store.put('results', `${FOLDER}damaged.json`, Buffer.from('{'));
  const minutes: Record<string, number> = { silent: 3, 'long dead': 61 };
  const aged: ObjectStore = {
    ...store,
    async *list(bucket, options) {
      for await (const summary of store.list(bucket, options)) {
        const name = summary.key.slice(FOLDER.length).replace('.json', '');
        yield { ...summary, lastModified: new Date(Date.now() - (minutes[name] ?? 0) * 60_000) };
      }
    },
  };
  expect(await inHand(aged)).toEqual([]);
  expect(await documents(store)).not.toContain(`${FOLDER}long dead.json`);
  expect(await documents(store)).toContain(`${FOLDER}silent.json`);
});

it('is nobody’s trouble where the store is down', async () => {
  const { store } = await open();
  const down = async () => {
    throw new ClearcutError('STORE_UNAVAILABLE', 'It is down.');
  };
  let attempts = 0;
  const broken: ObjectStore = {
    ...store,
    put: () => {
      attempts += 1;
      return down();
    },
    // biome-ignore lint/correctness/useYield: it fails before there is anything to give.
    async *list() {
      await down();
    },
  };
  const worker = workerOn(broken, 'one');
  worker.begin('batches/a');
  await expect.poll(() => attempts).toBeGreaterThan(1);
  await worker.close();
  expect(await inHand(broken)).toEqual([]);
});
