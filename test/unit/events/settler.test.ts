import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSettler, type Settler } from '../../../src/events/directory/settler.js';

describe('settler', () => {
  let folder: string;
  let settler: Settler;
  let told: string[];

  function start(capacity = 10, settleMs = 24): void {
    told = [];
    settler = createSettler({
      settleMs,
      capacity,
      onFile: (path, { size }) => told.push(`${basename(path)} ${size}`),
      onMissing: (path) => told.push(`${basename(path)} missing`),
    });
  }

  /** Lets so much time pass, and waits until the file system has answered and the next look is set. */
  async function lookAfter(ms: number): Promise<void> {
    vi.advanceTimersByTime(ms);
    while (vi.getTimerCount() === 0) await nextTurn();
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clearcut-settler-'));
  });

  afterEach(async () => {
    settler.close();
    vi.useRealTimers();
    await rm(folder, { recursive: true });
  });

  test('tells of files and of missing paths, not of folders', async () => {
    start();
    await writeFile(join(folder, 'file'), 'abc');
    await mkdir(join(folder, 'folder'));
    for (const name of ['folder', 'file', 'nothing']) settler.touch(join(folder, name));
    await expect.poll(() => told).toHaveLength(2);
    expect(told).toEqual(['file 3', 'nothing missing']);
  });

  test('tells of a file no second time while it stays as it was', async () => {
    start();
    await writeFile(join(folder, 'file'), 'abc');
    settler.touch(join(folder, 'file'));
    await expect.poll(() => told).toEqual(['file 3']);
    settler.touch(join(folder, 'file'));
    await writeFile(join(folder, 'later'), 'abc');
    settler.touch(join(folder, 'later'));
    await expect.poll(() => told).toContain('later 3');
    expect(told).toEqual(['file 3', 'later 3']);
  });

  test('a file that changes between two looks, with no notice of it, is told of only when it is still', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    start(10, 400);
    const path = join(folder, 'file');
    await writeFile(path, 'abc');
    settler.touch(path);
    await lookAfter(50);
    await appendFile(path, 'def');
    await lookAfter(400);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(400);
    await expect.poll(() => told).toEqual(['file 6']);
  });

  test('a file under constant change does not hold back others', async () => {
    start();
    await writeFile(join(folder, 'busy'), '');
    await writeFile(join(folder, 'quiet'), 'abc');
    settler.touch(join(folder, 'quiet'));
    const writing = setInterval(() => settler.touch(join(folder, 'busy')), 0);
    await expect.poll(() => told).toContain('quiet 3');
    clearInterval(writing);
    await expect.poll(() => told.at(-1)).toBe('busy 0');
  });

  test('beyond the capacity paths are refused, those that wait are not', async () => {
    start(1);
    expect(settler.touch(join(folder, 'a'))).toBe(true);
    expect(settler.touch(join(folder, 'b'))).toBe(false);
    expect(settler.touch(join(folder, 'a'))).toBe(true);
    await expect.poll(() => told).toEqual(['a missing']);
    expect(settler.touch(join(folder, 'b'))).toBe(true);
  });

  test('a closed settler tells of nothing', async () => {
    start();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    settler.touch(join(folder, 'a'));
    settler.close();
    expect(settler.touch(join(folder, 'b'))).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
