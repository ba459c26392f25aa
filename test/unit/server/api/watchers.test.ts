import { pino } from 'pino';
import { expect, it } from 'vitest';
import { statusOf } from '../../../../src/server/api/file-state.js';
import { type Snapshot, snapshotOf } from '../../../../src/server/api/snapshot.js';
import { createWatchers } from '../../../../src/server/api/watchers.js';

const LONG = 600_000;

function snapshot(etag: string): Snapshot {
  const input = { etag, size: 1, lastModified: new Date(0) };
  return snapshotOf([{ key: 'a', name: 'a' }], [statusOf({ input, outcome: undefined, isInHand: false })]);
}

/** A subject of which the test says what each look finds. */
function setUp(pauses: { minPauseMs?: number; maxPauseMs?: number } = {}) {
  const state = { etag: 'one', looks: 0, failure: undefined as Error | undefined };
  const watchers = createWatchers({
    logger: pino({ level: 'silent' }),
    minPauseMs: 5,
    maxPauseMs: 20,
    ...pauses,
  });
  const read = async () => {
    state.looks += 1;
    if (state.failure !== undefined) throw state.failure;
    return snapshot(state.etag);
  };
  return { state, watchers, subject: { id: 'subject', read } };
}

it('gives the newest, and then waits for another', async () => {
  const { state, watchers, subject } = setUp();
  const subscription = watchers.watch(subject);
  const first = await subscription.now();
  const second = subscription.next(first.version, LONG);
  state.etag = 'two';
  expect((await second)?.version).toBe(snapshot('two').version);
  subscription.leave();
});

it('throws where a look that is asked for fails, and lasts through failures while it waits', async () => {
  const { state, watchers, subject } = setUp();
  state.failure = new Error('down');
  const early = watchers.watch(subject);
  await expect(early.now()).rejects.toThrow('down');
  early.leave();

  state.failure = undefined;
  const subscription = watchers.watch(subject);
  const first = await subscription.now();
  state.failure = new Error('down');
  const { looks } = state;
  const next = subscription.next(first.version, LONG);
  await expect.poll(() => state.looks).toBeGreaterThan(looks + 2);
  state.failure = undefined;
  state.etag = 'two';
  expect((await next)?.version).toBe(snapshot('two').version);
  subscription.leave();
});

it('looks at once where it is said that something happened', async () => {
  const { state, watchers, subject } = setUp({ minPauseMs: LONG, maxPauseMs: LONG });
  const subscription = watchers.watch(subject);
  const first = await subscription.now();
  state.etag = 'two';
  watchers.touch('another subject');
  watchers.touch('subject');
  expect((await subscription.next(first.version, LONG))?.version).toBe(snapshot('two').version);
  subscription.leave();
});

it('lets go of who is gone, of who waited long enough, and of all when it closes', async () => {
  const { watchers, subject } = setUp({ minPauseMs: LONG, maxPauseMs: LONG });
  const subscription = watchers.watch(subject);
  const first = await subscription.now();
  expect(await subscription.next(first.version, 10)).toBeUndefined();
  const gone = new AbortController();
  const waiting = subscription.next(first.version, LONG, gone.signal);
  gone.abort();
  expect(await waiting).toBeUndefined();
  const last = subscription.next(first.version, LONG);
  watchers.close();
  expect(await last).toBeUndefined();
  expect(watchers.isClosed()).toBe(true);
  subscription.leave();
});

it('never tells what is older than what somebody was told before', async () => {
  const { state, watchers, subject } = setUp({ minPauseMs: LONG, maxPauseMs: LONG });
  const one = watchers.watch(subject);
  await one.now();
  state.etag = 'two';
  const other = watchers.watch(subject);
  const newest = await other.now();
  expect(newest.version).toBe(snapshot('two').version);
  expect(await other.next(newest.version, 10)).toBeUndefined();
  expect((await one.next(snapshot('one').version, LONG))?.version).toBe(newest.version);
  one.leave();
  other.leave();
});

it('looks once for all who ask at the same time', async () => {
  const { state, watchers, subject } = setUp({ minPauseMs: LONG, maxPauseMs: LONG });
  const subscriptions = Array.from({ length: 50 }, () => watchers.watch(subject));
  await Promise.all(subscriptions.map((subscription) => subscription.now()));
  expect(state.looks).toBe(2);
  for (const { leave } of subscriptions) leave();
});
