import type { FSWatcher } from 'node:fs';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createDirectorySource, type DirectorySource } from '../../../src/events/directory-source.js';
import { type Consumer, consume } from '../../contracts/consumer.js';

// The operating system's own limits cannot be reached here without harm to other processes: `watch` refuses as it would.
const refusal = vi.hoisted(() => ({ code: '', watchers: [] as FSWatcher[] }));
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  return {
    ...fs,
    watch: (...args: Parameters<typeof fs.watch>) => {
      if (refusal.code !== '')
        throw Object.assign(new Error(`${refusal.code}: refused`), { code: refusal.code });
      const watcher = fs.watch(...args);
      refusal.watchers.push(watcher);
      return watcher;
    },
  };
});

const BYTES = Buffer.from('some bytes');

describe('directory source at its limits', () => {
  let root: string;
  let bucket: string;
  let source: DirectorySource;
  let consumer: Consumer;
  let log: Array<Record<string, unknown>>;

  async function start(capacity = 1_000): Promise<void> {
    const logger = pino({ level: 'info' }, { write: (line: string) => log.push(JSON.parse(line)) });
    source = createDirectorySource({
      root,
      bucket: 'uploads',
      settleMs: 60,
      capacity,
      pollPauseMs: 20,
      logger,
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
    refusal.code = '';
    refusal.watchers = [];
  });

  afterEach(async () => {
    await consumer.stop();
    await rm(root, { recursive: true, force: true });
  });

  test.each([
    ['ENOSPC', /max_user_watches.*CLEARCUT_WATCH_POLLING=true/],
    ['EMFILE', /max_user_instances.*CLEARCUT_WATCH_POLLING=true/],
    ['ENOSYS', /CLEARCUT_WATCH_POLLING=true/],
  ])(
    'where the system refuses to watch (%s) the folder is polled, and a warning says what to do',
    async (code, remedy) => {
      refusal.code = code;
      await start();
      await writeFile(join(bucket, 'cat.jpg'), BYTES);
      expect((await consumer.next()).event.key).toBe('cat.jpg');
      expect(log).toMatchObject([{ level: 40, remedy: expect.stringMatching(remedy) }]);
    },
  );

  test('where the system refuses one more folder, everything is polled', async () => {
    await start();
    refusal.code = 'ENOSPC';
    await writeUntilTold('more/cat.jpg');
    await writeUntilTold('dog.jpg');
    expect(log).toHaveLength(1);
  });

  test('a watch that breaks later is replaced by polling', async () => {
    await start();
    const broken = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
    refusal.watchers[0]?.emit('error', broken);
    await writeUntilTold('cat.jpg');
    expect(log).toHaveLength(1);
  });

  test('a bucket folder that is removed is watched again once it is back', async () => {
    await start();
    await rm(bucket, { recursive: true });
    await writeUntilTold('cat.jpg');
    await writeUntilTold('new folder/dog.jpg');
  });

  test('a burst beyond the capacity is counted and never leaves a folder unwatched', async () => {
    await start(1);
    for (let index = 0; index < 20; index += 1) writeFileSync(join(bucket, `${index}.jpg`), BYTES);
    mkdirSync(join(bucket, 'late'));
    await consumer.next();
    expect(source.counts().overflowed).toBeGreaterThan(0);
    await writeUntilTold('late/cat.jpg');
  });

  test('when consuming has ended, nothing is watched any more', async () => {
    await mkdir(join(bucket, 'a', 'b'), { recursive: true });
    await start();
    expect(refusal.watchers).toHaveLength(3);
    const closed = refusal.watchers.map(
      (watcher) => new Promise((resolve) => watcher.once('close', resolve)),
    );
    await consumer.stop();
    await Promise.all(closed);
    expect(source.counts()).toMatchObject({ waiting: 0, inFlight: 0 });
  });
});
