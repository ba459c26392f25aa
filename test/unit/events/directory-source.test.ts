import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createDirectorySource,
  type DirectorySource,
  type DirectorySourceOptions,
} from '../../../src/events/directory-source.js';
import { type Consumer, consume } from '../../contracts/consumer.js';
import { describeEventSource } from '../../contracts/event-source.js';

const SETTLE = 60;
const logger = pino({ level: 'silent' });
const BYTES = Buffer.from('some bytes');

for (const usePolling of [false, true]) {
  describeEventSource(
    `directory, ${usePolling ? 'polling' : 'watching'}`,
    async () => {
      const root = await mkdtemp(join(tmpdir(), 'clearcut-events-'));
      const source = createDirectorySource({
        root,
        bucket: 'uploads',
        settleMs: SETTLE,
        capacity: 1_000,
        usePolling,
        pollPauseMs: 20,
        logger,
      });
      const pathOf = (key: string) => join(root, 'uploads', key);
      return {
        source,
        bucket: 'uploads',
        started: source.started,
        async createObject(key, bytes) {
          await mkdir(dirname(pathOf(key)), { recursive: true });
          await writeFile(pathOf(key), bytes);
        },
        removeObject: (key) => rm(pathOf(key)),
        close: () => rm(root, { recursive: true, force: true }),
      };
    },
    { nackDelayMs: 100 },
  );
}

describe.each([
  ['watching', false],
  ['polling', true],
])('directory source, %s', (_name, usePolling) => {
  let root: string;
  let bucket: string;
  let outside: string;
  let source: DirectorySource;
  let consumer: Consumer;

  async function start(options: Partial<DirectorySourceOptions> = {}): Promise<void> {
    source = createDirectorySource({
      root,
      bucket: 'uploads',
      settleMs: SETTLE,
      capacity: 1_000,
      usePolling,
      pollPauseMs: 20,
      logger,
      ...options,
    });
    consumer = consume(source);
    await source.started;
  }

  /** What was told of before everything that happened so far was told of; everything is acked. */
  async function settled(): Promise<readonly string[]> {
    await writeFile(join(bucket, 'last.jpg'), BYTES);
    await (await consumer.nextOf('last.jpg')).ack();
    return consumer.seen.slice(0, -1);
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'clearcut-events-'));
    bucket = join(root, 'uploads');
    outside = join(root, 'elsewhere');
    await mkdir(outside);
  });

  afterEach(async () => {
    vi.useRealTimers();
    await consumer.stop();
    await rm(root, { recursive: true, force: true });
  });

  test('the folder of the bucket is made where it is missing', async () => {
    await start();
    await writeFile(join(bucket, 'cat.jpg'), BYTES);
    expect((await consumer.next()).event).toEqual({
      kind: 'created',
      bucket: 'uploads',
      key: 'cat.jpg',
      size: BYTES.length,
    });
  });

  test('files that were there before are left to the sweep', async () => {
    await mkdir(bucket);
    await writeFile(join(bucket, 'old.jpg'), BYTES);
    await start();
    expect(await settled()).toEqual([]);
  });

  test('a file moved in is told of, also with a modification time of long ago', async () => {
    await start();
    await writeFile(join(outside, 'cat.jpg'), BYTES);
    await utimes(join(outside, 'cat.jpg'), new Date('2001-01-01'), new Date('2001-01-01'));
    await rename(join(outside, 'cat.jpg'), join(bucket, 'cat.jpg'));
    expect((await consumer.next()).event.key).toBe('cat.jpg');
  });

  test('a file replaced by moving an older one over it is told of again', async () => {
    await start();
    await writeFile(join(bucket, 'cat.jpg'), BYTES);
    await (await consumer.nextOf('cat.jpg')).ack();
    await writeFile(join(outside, 'new.jpg'), BYTES);
    await utimes(join(outside, 'new.jpg'), new Date('2001-01-01'), new Date('2001-01-01'));
    await rename(join(outside, 'new.jpg'), join(bucket, 'cat.jpg'));
    expect((await consumer.next()).event).toMatchObject({ kind: 'created', key: 'cat.jpg' });
  });

  test('a folder moved in is told of file by file', async () => {
    await start();
    const keys = ['a/1.jpg', 'a/b/2.jpg', 'a/b/c/3.jpg'];
    for (const key of keys) {
      await mkdir(dirname(join(outside, key)), { recursive: true });
      await writeFile(join(outside, key), BYTES);
    }
    await rename(join(outside, 'a'), join(bucket, 'a'));
    const told = [await consumer.next(), await consumer.next(), await consumer.next()];
    expect(told.map(({ event }) => event.key).sort()).toEqual(keys);
  });

  test('files in a folder that was removed and made again are told of', async () => {
    await start();
    await mkdir(join(bucket, 'a'));
    await writeFile(join(bucket, 'a', '1.jpg'), BYTES);
    await (await consumer.nextOf('a/1.jpg')).ack();
    await rm(join(bucket, 'a'), { recursive: true });
    await mkdir(join(bucket, 'a'));
    await writeFile(join(bucket, 'a', '2.jpg'), BYTES);
    await (await consumer.nextOf('a/2.jpg')).ack();
  });

  test('a folder that is removed and made again in one go is not mistaken for the old one', async () => {
    await start();
    await mkdir(join(bucket, 'a'));
    await writeFile(join(bucket, 'a', '1.jpg'), BYTES);
    await (await consumer.nextOf('a/1.jpg')).ack();
    rmSync(join(bucket, 'a'), { recursive: true });
    mkdirSync(join(bucket, 'a'));
    await settled();
    await writeFile(join(bucket, 'a', '2.jpg'), BYTES);
    await (await consumer.nextOf('a/2.jpg')).ack();
  });

  test('a folder that is moved away and made again in one go is told of under both names', async () => {
    await start();
    await mkdir(join(bucket, 'a'));
    await writeFile(join(bucket, 'a', '1.jpg'), BYTES);
    await (await consumer.nextOf('a/1.jpg')).ack();
    renameSync(join(bucket, 'a'), join(bucket, 'b'));
    mkdirSync(join(bucket, 'a'));
    writeFileSync(join(bucket, 'a', '1.jpg'), 'other bytes');
    const told = [await consumer.next(), await consumer.next()];
    expect(told.map(({ event }) => [event.kind, event.key]).sort()).toEqual([
      ['created', 'a/1.jpg'],
      ['created', 'b/1.jpg'],
    ]);
  });

  test('a folder that is moved to the place of another in one go is told of, however old its files are', async () => {
    await start();
    await mkdir(join(bucket, 'a'));
    await writeFile(join(bucket, 'a', '1.jpg'), BYTES);
    await (await consumer.nextOf('a/1.jpg')).ack();
    await mkdir(join(outside, 'a'));
    await writeFile(join(outside, 'a', '2.jpg'), BYTES);
    // The times of a file cannot be set back, so the clock is set forward.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    rmSync(join(bucket, 'a'), { recursive: true });
    renameSync(join(outside, 'a'), join(bucket, 'a'));
    expect((await consumer.nextOf('a/2.jpg')).event.kind).toBe('created');
  });

  test('files in a renamed folder are told of under their new keys', async () => {
    await start();
    await mkdir(join(bucket, 'a'));
    await writeFile(join(bucket, 'a', '1.jpg'), BYTES);
    await (await consumer.nextOf('a/1.jpg')).ack();
    await rename(join(bucket, 'a'), join(bucket, 'b'));
    await (await consumer.nextOf('b/1.jpg')).ack();
    await writeFile(join(bucket, 'b', '2.jpg'), BYTES);
    expect((await consumer.nextOf('b/2.jpg')).event.kind).toBe('created');
  });

  test('a copy that goes on after a pause is told of again', async () => {
    await start();
    await writeFile(join(bucket, 'cat.jpg'), 'first part');
    const early = await consumer.next();
    await appendFile(join(bucket, 'cat.jpg'), ', second part');
    await early.ack();
    const whole = await consumer.nextOf('cat.jpg');
    expect(whole.event.size).toBe('first part, second part'.length);
  });

  test('a file deleted before it was complete is not told of as created', async () => {
    await start();
    await writeFile(join(bucket, 'cat.jpg'), BYTES);
    await rm(join(bucket, 'cat.jpg'));
    await writeFile(join(bucket, 'next.jpg'), BYTES);
    const first = await consumer.next();
    const next = first.event.key === 'cat.jpg' ? await consumer.next() : first;
    expect(next.event).toMatchObject({ kind: 'created', key: 'next.jpg' });
    if (first !== next) expect(first.event.kind).toBe('removed');
  });

  test('symbolic links to files and folders are not followed', async () => {
    await start();
    await mkdir(join(outside, 'album'));
    await writeFile(join(outside, 'album', 'secret.jpg'), BYTES);
    await symlink(join(outside, 'album'), join(bucket, 'album'));
    await symlink(join(outside, 'album', 'secret.jpg'), join(bucket, 'secret.jpg'));
    await mkdir(join(bucket, 'real'));
    await symlink(join(outside, 'album'), join(bucket, 'real', 'album'));
    expect(await settled()).toEqual([]);
  });

  test('a path too long for a key is passed over', async () => {
    await start();
    const folder = join(bucket, ...Array.from({ length: 5 }, () => 'x'.repeat(210)));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'cat.jpg'), BYTES);
    expect(await settled()).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')('a backslash in a name is told of as it is', async () => {
    await start();
    await writeFile(join(bucket, 'a\\b.jpg'), BYTES);
    expect((await consumer.next()).event.key).toBe('a\\b.jpg');
  });

  test('a root that is a symbolic link is watched where it leads', async () => {
    await mkdir(bucket);
    await symlink(root, join(outside, 'link'));
    await start({ root: join(outside, 'link') });
    await writeFile(join(bucket, 'cat.jpg'), BYTES);
    expect((await consumer.next()).event.key).toBe('cat.jpg');
  });

  test('keys that are not accepted are not told of', async () => {
    await start({ accepts: (key) => key.endsWith('.jpg') });
    await writeFile(join(bucket, 'note.txt'), BYTES);
    await rm(join(bucket, 'note.txt'));
    await writeFile(join(bucket, 'other.txt'), BYTES);
    expect(await settled()).toEqual([]);
  });
});
