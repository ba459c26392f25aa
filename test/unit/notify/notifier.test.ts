import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { createNotifier, type NotifierOptions } from '../../../src/notify/notifier.js';
import { createOutbox, retryQueue } from '../../../src/notify/outbox.js';
import { eventOf, subjectOf } from '../../../src/notify/outcome-event.js';
import { failed, SENT, type Target } from '../../../src/notify/target.js';
import { createWebhookTarget } from '../../../src/notify/webhook-target.js';
import type { News } from '../../../src/pipeline/outcome-listener.js';
import { createDirectoryStore } from '../../../src/storage/directory/store.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { OUTPUT, placeOf } from '../../support/pipeline.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';
import { SECRET, startReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { deadLetterNews, resultNews } from './news.js';

const MINUTE = 60_000;
const PAUSES = [5_000, 5 * MINUTE, 30 * MINUTE];

async function openStore(): Promise<ObjectStore> {
  const links = { signGet: () => '', signPut: () => '' } as never;
  const store = await createDirectoryStore({ root: await temporaryFolder(), links });
  for (const bucket of ['uploads', OUTPUT]) await store.ensureBucket(bucket);
  return store;
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(OUTPUT, { prefix })) keys.push(key);
  return keys;
}

const outboxOf = (store: ObjectStore) => keysOf(store, 'events/outbox/');

/** Stores the outcome that the news is of, as the pipeline would. */
async function settle(store: ObjectStore, news: News): Promise<void> {
  if (news.kind === 'removed') throw new TypeError('nothing is stored of a removal');
  const document = news.kind === 'result' ? news.record : news.deadLetter;
  const place = placeOf(document.source.key);
  const key = news.kind === 'result' ? place.recordKey : place.deadLetterKey;
  await store.put(OUTPUT, key, Buffer.from(JSON.stringify(document)));
}

function open(store: ObjectStore, targets: readonly Target[], more: Partial<NotifierOptions> = {}) {
  const notifier = createNotifier({
    store,
    bucket: OUTPUT,
    prefix: 'events/',
    targets,
    pauses: PAUSES,
    intervalMs: MINUTE,
    placeOf: (key) => placeOf(key),
    logger: pino({ level: 'silent' }),
    ...more,
  });
  onTestFinished(() => notifier.close(0));
  /** As the pipeline tells of an outcome. */
  async function tell(news: News): Promise<void> {
    const expected = await notifier.expect(news);
    await settle(store, news);
    expected.stands();
  }
  return { notifier, tell, idle: () => until(() => notifier.counts().inFlight === 0) };
}

const webhookTo = ({ url }: WebhookReceiver) =>
  createWebhookTarget({ url, secrets: [SECRET], allowPrivate: true, timeoutMs: 10_000 });

/** A target that keeps what it is sent, and answers what it is told to. */
function createTarget(name: string, answer: Target['send'] = async () => SENT) {
  const ids: string[] = [];
  const target: Target = {
    name,
    send: async (event, signal) => {
      const given = await answer(event, signal);
      if (given.kind === 'sent') ids.push(JSON.parse(event.body).subject);
      return given;
    },
    check: async () => 'fine',
    close: async () => {},
  };
  return { target, subjects: ids };
}

/** A clock that a test turns. */
function clock() {
  let time = Date.parse('2026-01-01T00:00:00Z');
  return { now: () => time, forward: (ms: number) => (time += ms) };
}

test('an outcome is told once, and nothing is left in the outbox', async () => {
  const receiver = await startReceiver();
  const store = await openStore();
  const { tell, idle, notifier } = open(store, [webhookTo(receiver)]);
  await tell(resultNews());
  await idle();
  expect(receiver.events.map(({ type }) => type)).toEqual(['clearcut.result']);
  expect(await outboxOf(store)).toEqual([]);
  expect([...notifier.counts().targets.values()]).toEqual([{ sent: 1, failed: 0, givenUp: 0, dropped: 0 }]);
});

test('an outcome that did not come to stand is told to nobody', async () => {
  const store = await openStore();
  const { target, subjects } = createTarget('one');
  const { notifier, idle } = open(store, [target]);
  await (await notifier.expect(resultNews())).fails();
  await idle();
  expect([subjects, await outboxOf(store)]).toEqual([[], []]);
});

test('the pipeline need not wait for a receiver that hangs', async () => {
  const store = await openStore();
  const { target } = createTarget('hanging', (_event, signal) => rejectOn(signal));
  const { tell, notifier } = open(store, [target]);
  for (let at = 0; at < 3; at++) await tell(resultNews('e1', `${at}.png`));
  await until(() => notifier.counts().inFlight === 3);
  await notifier.close(20);
  expect(await outboxOf(store)).toHaveLength(3);
});

describe('a receiver that is down', () => {
  test('for two minutes gets all events later', async () => {
    const receiver = await startReceiver();
    const takes = receiver.answer;
    receiver.answer = (_request, response) => void response.writeHead(502).end();
    const store = await openStore();
    const time = clock();
    const { notifier, tell, idle } = open(store, [webhookTo(receiver)], { now: time.now });
    const keys = Array.from({ length: 20 }, (_, at) => `${at}.png`);
    for (const key of keys) await tell(resultNews('e1', key));
    await idle();
    for (let waited = 0; waited < 2 * MINUTE; waited += 10_000) {
      time.forward(10_000);
      await notifier.replay();
    }
    expect(receiver.events).toEqual([]);
    expect(await outboxOf(store)).toHaveLength(20);
    // Not each event for itself asks a receiver that is known to be down.
    expect(receiver.requests.length).toBeLessThan(60);

    receiver.answer = takes;
    for (let at = 0; at < 6; at++) {
      time.forward(5 * MINUTE);
      await notifier.replay();
    }
    expect(receiver.events.map(({ subject }) => subject).sort()).toEqual(keys.toSorted());
    expect(await outboxOf(store)).toEqual([]);
  });

  test('gets all events of a running service when it is back, by the configured pauses', async () => {
    const receiver = await startReceiver();
    const takes = receiver.answer;
    let left = 4;
    receiver.answer = (request, response, body) => {
      left -= 1;
      if (left < 0) takes(request, response, body);
      else response.writeHead(500).end();
    };
    const store = await openStore();
    const pauses = Array.from({ length: 9 }, () => 20);
    const { notifier, tell } = open(store, [webhookTo(receiver)], { pauses });
    notifier.start();
    for (let at = 0; at < 6; at++) await tell(resultNews('e1', `${at}.png`));
    await until(() => receiver.events.length === 6);
    await until(async () => (await outboxOf(store)).length === 0);
  });

  test('gets every event of an earlier run when it is due, not only the first', async () => {
    const store = await openStore();
    const { target, subjects } = createTarget('slow');
    const outbox = createOutbox(store, OUTPUT, 'events/');
    const now = Date.now();
    for (const [at, pause] of [100, 400, 700].entries()) {
      const news = resultNews('e1', `${at}.png`);
      await settle(store, news);
      const entry = { event: eventOf(news), subject: subjectOf(news), since: now, attempts: 1, heldUntil: 0 };
      await outbox.add(retryQueue('slow'), entry, now + pause);
    }
    const { notifier } = open(store, [target]);
    notifier.start();
    await until(() => subjects.length === 3);
    expect(subjects).toEqual(['0.png', '1.png', '2.png']);
  });

  test('holds no other target up, which is told once', async () => {
    const store = await openStore();
    const time = clock();
    let isDown = true;
    const down = createTarget('down', async () => (isDown ? failed('it is down') : SENT));
    const up = createTarget('up');
    const { notifier, tell, idle } = open(store, [down.target, up.target], { now: time.now });
    await tell(resultNews());
    await idle();
    expect([up.subjects, down.subjects]).toEqual([['a.png'], []]);
    expect(await outboxOf(store)).toEqual([expect.stringMatching(/^events\/outbox\/retry\/down\//)]);
    isDown = false;
    time.forward(6_000);
    await notifier.replay();
    expect([up.subjects, down.subjects]).toEqual([['a.png'], ['a.png']]);
  });

  test('is asked again only after each pause, and after the last one the event is given up and kept', async () => {
    const store = await openStore();
    const time = clock();
    let attempts = 0;
    const { target } = createTarget('down', async () => {
      attempts += 1;
      return failed('it is down');
    });
    const { notifier, tell, idle } = open(store, [target], { now: time.now });
    await tell(resultNews());
    await idle();
    for (const [at, pause] of PAUSES.entries()) {
      time.forward(pause - 1);
      await notifier.replay();
      expect(attempts).toBe(at + 1);
      time.forward(pause * 0.2 + 2);
      await notifier.replay();
      expect(attempts).toBe(at + 2);
    }
    expect(await outboxOf(store)).toEqual([]);
    expect(await keysOf(store, 'events/undelivered/down/')).toHaveLength(1);
    expect(notifier.counts().targets.get('down')).toMatchObject({ failed: 4, givenUp: 1 });
  });

  test('and got no event before it was given up gets it after a redrive', async () => {
    const store = await openStore();
    let isDown = true;
    const { target, subjects } = createTarget('down', async () => (isDown ? failed('it is down') : SENT));
    const { notifier, tell, idle } = open(store, [target], { pauses: [] });
    await tell(resultNews());
    await idle();
    expect(await outboxOf(store)).toEqual([]);
    const restored = [];
    for await (const each of createOutbox(store, OUTPUT, 'events/').restore(Date.now())) restored.push(each);
    expect(restored).toMatchObject([{ target: 'down', subject: { kind: 'result', key: 'a.png' } }]);
    isDown = false;
    await notifier.replay();
    expect(subjects).toEqual(['a.png']);
    expect(await keysOf(store, 'events/')).toEqual([]);
  });

  test('is named in the log without what its address and secrets are', async () => {
    const receiver = await startReceiver();
    receiver.answer = (_request, response) => void response.writeHead(410).end();
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    const nobody = createWebhookTarget({
      url: 'http://127.0.0.1:1/?key=very-secret',
      secrets: [SECRET],
      allowPrivate: true,
      timeoutMs: 1_000,
    });
    const { tell, idle } = open(await openStore(), [webhookTo(receiver), nobody], { logger, pauses: [] });
    await tell(resultNews());
    await idle();
    expect(lines).toHaveLength(2);
    expect(lines.join()).toMatch(/wants no more events.*given up|given up.*wants no more events/s);
    expect(lines.join()).not.toMatch(/very-secret|whsec_/);
  });

  test('and asks to be left alone is not asked by other events either', async () => {
    const store = await openStore();
    const time = clock();
    let attempts = 0;
    const { target } = createTarget('busy', async () => {
      attempts += 1;
      return failed('it answered 429', 10 * MINUTE);
    });
    const { notifier, tell, idle } = open(store, [target], { now: time.now });
    await tell(resultNews('e1', '1.png'));
    await idle();
    await tell(resultNews('e1', '2.png'));
    await idle();
    time.forward(9 * MINUTE);
    await notifier.replay();
    expect(attempts).toBe(1);
    expect(await outboxOf(store)).toHaveLength(2);
    time.forward(MINUTE);
    await notifier.replay();
    expect(attempts).toBeGreaterThan(1);
  });
});

test('a receiver that answers 410 is sent nothing more, and nothing is kept for it', async () => {
  const receiver = await startReceiver();
  receiver.answer = (_request, response) => void response.writeHead(410).end();
  const store = await openStore();
  const { notifier, tell, idle } = open(store, [webhookTo(receiver)]);
  for (let at = 0; at < 3; at++) {
    await tell(resultNews('e1', `${at}.png`));
    await idle();
  }
  expect(receiver.requests).toHaveLength(1);
  expect(await outboxOf(store)).toEqual([]);
  expect([...notifier.counts().targets.values()]).toEqual([{ sent: 0, failed: 0, givenUp: 0, dropped: 3 }]);
});

test('a burst waits in the outbox and not in memory', async () => {
  const store = await openStore();
  const time = clock();
  let open_ = () => {};
  const gate = new Promise<void>((resolve) => {
    open_ = resolve;
  });
  const { target, subjects } = createTarget('slow', async () => {
    await gate;
    return SENT;
  });
  const { notifier, tell, idle } = open(store, [target], { now: time.now, capacity: 10 });
  const keys = Array.from({ length: 40 }, (_, at) => `${at}.png`);
  for (const key of keys) await tell(resultNews('e1', key));
  expect(notifier.counts().inFlight).toBe(16 + 10);
  open_();
  await idle();
  time.forward(2 * MINUTE);
  await notifier.replay();
  expect(subjects.toSorted()).toEqual(keys.toSorted());
});

describe('what a process that died left', () => {
  /** News in the outbox of a process that is no more. */
  async function abandoned(store: ObjectStore, news: News, now: () => number): Promise<void> {
    await open(store, [createTarget('one').target], { now }).notifier.expect(news);
  }

  test.each([
    ['came true', resultNews(), resultNews(), 'e1', ['a.png']],
    ['is still to come', resultNews(), undefined, 'e1', []],
    ['has another outcome', deadLetterNews(), resultNews(), 'e1', []],
    ['was about a version that is replaced', resultNews(), resultNews('e2'), 'e2', ['a.png']],
  ] as const)('that %s', async (_, news, outcome, inputEtag, told) => {
    const disk = await openStore();
    const store: ObjectStore = {
      ...disk,
      // The ETags of the news are not those that the store makes.
      head: async (bucket, key) => {
        const head = await disk.head(bucket, key);
        return head && bucket === 'uploads' ? { ...head, etag: inputEtag } : head;
      },
    };
    await store.put('uploads', 'a.png', Buffer.from('x'));
    const time = clock();
    await abandoned(store, news, time.now);
    if (outcome !== undefined) await settle(store, outcome);
    time.forward(1_000);
    const { target, subjects } = createTarget('one');
    const { notifier } = open(store, [target], { now: time.now });
    await notifier.replay();
    expect(subjects).toEqual(told);
    // What is still to come stays until it came or a day has passed.
    expect(await outboxOf(store)).toHaveLength(outcome === undefined ? 1 : 0);
    time.forward(25 * 60 * MINUTE);
    await notifier.replay();
    expect([subjects, await outboxOf(store)]).toEqual([told, []]);
  });

  test('is taken up by one of several others, and not before its time', async () => {
    const store = await openStore();
    const time = clock();
    for (let at = 0; at < 20; at++) {
      const news = resultNews('e1', `${at}.png`);
      await abandoned(store, news, time.now);
      await settle(store, news);
    }
    const { target, subjects } = createTarget('one');
    const others = [1, 2, 3].map(() => open(store, [target], { now: time.now, isShared: true }).notifier);
    await Promise.all(others.map((notifier) => notifier.replay()));
    expect(subjects).toEqual([]);
    time.forward(MINUTE);
    await Promise.all(others.map((notifier) => notifier.replay()));
    expect(subjects).toHaveLength(20);
    expect(new Set(subjects).size).toBe(20);
    expect(await outboxOf(store)).toEqual([]);
  });
});

test('a store that fails loses nothing, and stops nobody', async () => {
  const disk = await openStore();
  let isDown = false;
  const store: ObjectStore = {
    ...disk,
    delete: async (...args) => {
      if (isDown) throw new ClearcutError('STORE_UNAVAILABLE', 'the disk is gone');
      return disk.delete(...args);
    },
  };
  const time = clock();
  const { target, subjects } = createTarget('one');
  const { notifier, tell, idle } = open(store, [target], { now: time.now });
  isDown = true;
  await tell(resultNews());
  await idle();
  isDown = false;
  time.forward(2 * MINUTE);
  await notifier.replay();
  // Twice: that it was sent could not be noted.
  expect(subjects).toEqual(['a.png', 'a.png']);
  expect(await outboxOf(store)).toEqual([]);
});

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}
