import { expect, test } from 'vitest';
import { type Snapshot, snapshotOf } from '../../../../src/server/api/snapshot.js';
import { waitForEnd } from '../../../../src/server/api/wait.js';
import type { Watchers } from '../../../../src/server/api/watchers.js';

const input = { etag: 'e', size: 1, lastModified: new Date(0) };
const pending = snapshotOf([{ key: 'a', name: 'a' }], [{ state: 'pending', input, outcome: undefined }]);
const processing = snapshotOf(
  [{ key: 'a', name: 'a' }],
  [{ state: 'processing', input, outcome: undefined }],
);
const done: Snapshot = { ...pending, version: 'done', isFinished: true };

/** Watchers that see this whenever they look, and tell this news, one after the other; then none in time. */
function watchers(looks: Snapshot[], news: Array<Snapshot | undefined>) {
  const seen: string[] = [];
  let hasLeft = false;
  const subscription = {
    now: async () => looks.shift() ?? pending,
    next: async (version: string) => {
      seen.push(version);
      return news.shift();
    },
    leave() {
      hasLeft = true;
    },
  };
  const fake: Watchers = { watch: () => subscription, touch() {}, isClosed: () => false, close() {} };
  return { fake, seen, hasLeft: () => hasLeft };
}

const never = new AbortController().signal;
const subject = { id: 'a', read: async () => pending };

test('waits through changes for the end', async () => {
  const { fake, seen, hasLeft } = watchers([pending], [processing, done]);
  expect(await waitForEnd(subject, 1_000, fake, never)).toBe(done);
  expect(seen).toEqual([pending.version, processing.version]);
  expect(hasLeft()).toBe(true);
});

test('does not wait for what is over', async () => {
  const { fake, seen } = watchers([done], []);
  expect(await waitForEnd(subject, 1_000, fake, never)).toBe(done);
  expect(seen).toEqual([]);
});

test('looks once more when the time is over', async () => {
  const { fake, hasLeft } = watchers([pending, done], [undefined]);
  expect(await waitForEnd(subject, 1_000, fake, never)).toBe(done);
  expect(hasLeft()).toBe(true);
});

test('looks once where nobody waits', async () => {
  const { fake, hasLeft } = watchers([done], []);
  expect(await waitForEnd(subject, 0, fake, never)).toBe(pending);
  expect(hasLeft()).toBe(false);
});
