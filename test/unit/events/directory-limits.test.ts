import fs, { type FSWatcher, mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createDirectorySource,
  type DirectorySource,
  type DirectorySourceOptions,
} from '../../../src/events/directory-source.js';
import { type Consumer, consume } from '../../contracts/consumer.js';

/** The system's own limits cannot be reached here without harm to other processes: `watch` refuses as it would. */
const { watch, watchFile } = fs;
let refusal = '';
let watchers = new Map<string, FSWatcher>();
let beforeWatching = (_path: string) => {};
fs.watch = ((...args: Parameters<typeof fs.watch>) => {
  if (refusal !== '') throw Object.assign(new Error(`${refusal}: refused`), { code: refusal });
  const path = String(args[0]);
  beforeWatching(path);
  const watcher = watch(...args);
  watchers.set(path, watcher);
  return watcher;
}) as typeof fs.watch;
fs.watchFile = ((...args: Parameters<typeof fs.watchFile>) => {
  beforeWatching(String(args[0]));
  return watchFile(...args);
}) as typeof fs.watchFile;
syncBuiltinESMExports();

const BYTES = Buffer.from('some bytes');

describe('directory source at its limits', () => {
  let root: string;
  let bucket: string;
  let source: DirectorySource;
  let consumer: Consumer;
  let log: Array<Record<string, unknown>>;

  async function start(options: Partial<DirectorySourceOptions> = {}): Promise<void> {
    const logger = pino({ level: 'info' }, { write: (line: string) => log.push(JSON.parse(line)) });
    source = createDirectorySource({
      root,
      bucket: 'uploads',
      settleMs: 60,
      capacity: 1_000,
      pollPauseMs: 20,
      logger,
      ...options,
    });
    consumer = consume(source);
    await source.started;
  }

  /** Writes the file again and again until it is told of. */
  async function writeUntilTold(key: string): Promise<void> {
    const arrival = consumer.nextOf(key);
    for (let attempt = 1, told = false; !told; attempt += 1) {
      await mkdir(join(bucket, key, '..'), { recursive: true });
      await writeFile(join(bucket, key), `attempt ${attempt}`);
      told = await Promise.race([arrival.then(() => true), sleep(500, false, { ref: false })]);
    }
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'clearcut-events-'));
    bucket = join(root, 'uploads');
    log = [];
    refusal = '';
    watchers = new Map();
    beforeWatching = () => {};
  });

  afterEach(async () => {
    await consumer.stop();
    await rm(root, { recursive: true, force: true });
  });

  afterAll(() => {
    Object.assign(fs, { watch, watchFile });
    syncBuiltinESMExports();
  });

  test.each([
    ['ENOSPC', /max_user_watches.*CLEARCUT_WATCH_POLLING=true/],
    ['EMFILE', /max_user_instances.*CLEARCUT_WATCH_POLLING=true/],
    ['ENOSYS', /CLEARCUT_WATCH_POLLING=true/],
  ])(
    'where the system refuses to watch (%s) the folder is polled, and a warning says what to do',
    async (code, remedy) => {
      refusal = code;
      await start();
      await writeFile(join(bucket, 'cat.jpg'), BYTES);
      expect((await consumer.next()).event.key).toBe('cat.jpg');
      expect(log).toMatchObject([{ level: 40, remedy: expect.stringMatching(remedy) }]);
    },
  );

  test('where the system refuses one more folder, everything is polled and nothing is missed', async () => {
    await start();
    await mkdir(join(root, 'more'));
    await writeFile(join(root, 'more', 'cat.jpg'), BYTES);
    refusal = 'ENOSPC';
    await rename(join(root, 'more'), join(bucket, 'more'));
    expect((await consumer.next()).event.key).toBe('more/cat.jpg');
    await writeUntilTold('dog.jpg');
    expect(log).toHaveLength(1);
  });

  test('a watch that breaks later is replaced by polling', async () => {
    await start();
    const broken = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    watchers.get(bucket)?.emit('error', broken);
    await writeUntilTold('cat.jpg');
    expect(log).toHaveLength(1);
  });

  test('a bucket folder that is removed is watched again once it is back', async () => {
    await start();
    await rm(bucket, { recursive: true });
    await expect.poll(() => log).toMatchObject([{ level: 40, err: { message: 'The folder is gone.' } }]);
    await expect.poll(() => readdir(bucket).catch(() => undefined), { timeout: 10_000 }).toEqual([]);
    await writeUntilTold('cat.jpg');
    await writeUntilTold('new folder/dog.jpg');
  });

  test('files that are not accepted take no watch', async () => {
    await mkdir(bucket);
    for (const name of ['cat.jpg', 'note.txt']) await writeFile(join(bucket, name), BYTES);
    await start({ accepts: (key) => key.endsWith('.jpg') });
    expect([...watchers.keys()].sort()).toEqual([root, bucket, join(bucket, 'cat.jpg')]);
  });

  test('a burst beyond the capacity is counted and never leaves a folder unwatched', async () => {
    await start({ capacity: 1 });
    for (let index = 0; index < 20; index += 1) writeFileSync(join(bucket, `${index}.jpg`), BYTES);
    mkdirSync(join(bucket, 'late'));
    await consumer.next();
    expect(source.counts().overflowed).toBeGreaterThan(0);
    await writeUntilTold('late/cat.jpg');
  });

  test.each([
    ['watching', false],
    ['polling', true],
  ])(
    'what comes into a new folder after it was read and before it is watched is told of (%s)',
    async (_name, usePolling) => {
      const folder = join(bucket, 'new');
      beforeWatching = (path) => {
        if (path !== folder) return;
        mkdirSync(join(folder, 'album'));
        writeFileSync(join(folder, 'cat.jpg'), BYTES);
        writeFileSync(join(folder, 'album', 'dog.jpg'), BYTES);
        beforeWatching = () => {};
      };
      await start({ usePolling });
      await mkdir(folder);
      const told = [await consumer.next(), await consumer.next()];
      expect(told.map(({ event }) => event.key).sort()).toEqual(['new/album/dog.jpg', 'new/cat.jpg']);
    },
  );

  test.each([
    ['watching', false, 'FSEventWrap'],
    ['polling', true, 'StatWatcher'],
  ])('when consuming has ended, nothing is watched any more (%s)', async (_name, usePolling, resource) => {
    const watched = () => process.getActiveResourcesInfo().filter((active) => active === resource).length;
    const before = watched();
    await mkdir(join(bucket, 'a', 'b'), { recursive: true });
    await writeFile(join(bucket, 'a', 'b', 'cat.jpg'), BYTES);
    await start({ usePolling });
    expect(watched()).toBeGreaterThan(before);
    await consumer.stop();
    await expect.poll(watched).toBe(before);
    expect(source.counts()).toMatchObject({ waiting: 0, inFlight: 0 });
  });
});
