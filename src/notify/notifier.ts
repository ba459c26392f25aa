import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { toClearcutError } from '../errors.js';
import type { OutcomeListener } from '../pipeline/outcome-listener.js';
import type { OutputPlace } from '../pipeline/settlement/place.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Logger } from '../telemetry/logger.js';
import { type Courier, type CourierCounts, createCourier } from './courier.js';
import { createOutbox, NEW, type OnLater, type Outbox, retryQueue, type StoredEntry } from './outbox.js';
import { eventOf, subjectOf } from './outcome-event.js';
import { standingOf } from './standing.js';
import type { Target } from './target.js';

export interface NotifierOptions {
  readonly store: ObjectStore;
  /** Where the outbox lies. */
  readonly bucket: string;
  readonly prefix: string;
  readonly targets: readonly Target[];
  /** Milliseconds between an attempt and the next; after the last one an event is given up. */
  readonly pauses: readonly number[];
  /** Milliseconds between two looks into the outbox for what nobody else saw to. */
  readonly intervalMs: number;
  /** Other processes use the same outbox. Default: false. */
  readonly isShared?: boolean;
  readonly placeOf: (inputKey: string) => OutputPlace;
  /** Events that wait in memory, 1,000 unless given; what is beyond is read from the outbox again when it is due. */
  readonly capacity?: number;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface NotifierCounts {
  /** Events of this process that wait in memory or are being sent. */
  readonly inFlight: number;
  /** Events that waited in the outbox for another attempt when it was last looked at, by target; up to 1,000 each. */
  readonly waiting: ReadonlyMap<string, number>;
  readonly targets: ReadonlyMap<string, CourierCounts>;
}

export interface Notifier extends OutcomeListener {
  /** Begins with what earlier runs, and other processes that died, left in the outbox. */
  start(): void;
  /** Looks into the outbox now; resolves when what was due has been dealt with. Rejects when the store fails. */
  replay(): Promise<void>;
  counts(): NotifierCounts;
  /** Lets what is being sent finish, `graceMs` at most; the rest waits in the outbox. Closes the targets. */
  close(graceMs: number): Promise<void>;
}

/** Milliseconds that news belongs to the process that wrote it or took it up, before another one may. */
const HOLD = 60_000;
/** Events sent at once. */
const CONCURRENCY = 16;
const CAPACITY = 1_000;
/** Milliseconds after which news of an outcome that never came is forgotten: whoever makes it now writes it anew. */
const MAX_PENDING = 24 * 3_600_000;
/** Milliseconds between two looks, at least. */
const MIN_PAUSE = 50;
/** The longest delay that Node's timers take. */
const MAX_DELAY = 2 ** 31 - 1;

/**
 * Tells targets of outcomes, at least once and in no order. The news of an outcome is in the outbox before the outcome
 * counts, and leaves it when every target has it; so whatever dies in between, somebody finds it. The pipeline waits
 * for the outbox alone: sending goes on beside it, bounded in memory.
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { store, bucket, prefix, targets, pauses, intervalMs, isShared = false, placeOf, logger } = options;
  const { capacity = CAPACITY, now = Date.now } = options;
  const outbox: Outbox = createOutbox(store, bucket, prefix);
  const couriers = new Map<string, Courier>(
    targets.map((target) => [target.name, createCourier({ target, pauses, now, logger })]),
  );
  const sending = new PQueue({ concurrency: CONCURRENCY });
  const aborting = new AbortController();
  const stopping = new AbortController();
  /** Keys of entries that this process works on. */
  const held = new Set<string>();
  const waiting = new Map<string, number>(targets.map(({ name }) => [name, 0]));
  /** When something that this process put off is due. */
  let nextDue = Number.POSITIVE_INFINITY;
  let wake = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let isFirst = true;
  const startedAt = now();

  /** Sends an event of ours soon; where too many wait already it stays in the outbox until it is due. */
  function enqueue(stored: StoredEntry): void {
    if (sending.size >= capacity || stopping.signal.aborted) putOff(now() + HOLD);
    else void work(stored.key, () => bring(stored, [...couriers.values()]));
  }

  async function work(key: string, action: () => Promise<void>): Promise<void> {
    held.add(key);
    try {
      await sending.add(() => {
        aborting.signal.throwIfAborted();
        return action();
      });
    } catch (thrown) {
      if (aborting.signal.aborted) return;
      const error = toClearcutError(thrown, 'STORE_UNAVAILABLE', { bucket });
      logger.warn({ err: error }, 'an event waits in the outbox, which cannot be reached');
      putOff(now() + HOLD);
    } finally {
      held.delete(key);
    }
  }

  async function bring({ key, entry }: StoredEntry, to: readonly Courier[]): Promise<void> {
    await Promise.all(
      to.map(async (courier) => {
        const { signal } = aborting;
        const delivery = await courier.bring(entry.event, entry.attempts, signal);
        const { name } = courier.target;
        if (delivery.kind === 'given-up') await outbox.giveUp(name, entry);
        if (delivery.kind !== 'later') return;
        const { attempts, dueAt } = delivery;
        await outbox.add(retryQueue(name), { ...entry, attempts, heldUntil: 0 }, dueAt);
        putOff(dueAt);
      }),
    );
    // Last: a kill before this sends it once more.
    await outbox.remove(key);
  }

  function putOff(dueAt: number): void {
    if (dueAt >= nextDue) return;
    nextDue = dueAt;
    wake.abort();
  }

  async function replay(): Promise<void> {
    if (nextDue <= now()) nextDue = Number.POSITIVE_INFINITY;
    // A process that knows itself alone need not wait for what an earlier run held; its own news is due later.
    const fromOthers = isFirst && !isShared;
    const take = (key: string) => outbox.take(key, now(), now() + HOLD, { fromOthers });
    const until = fromOthers ? Math.max(startedAt + HOLD - 1, now()) : now();
    await replayQueue(NEW, until, async (key) => {
      const stored = await take(key);
      if (stored !== undefined) await judge(stored);
    });
    for (const courier of couriers.values()) {
      const { name } = courier.target;
      const takeUp = async (key: string) => {
        const stored = await take(key);
        if (stored !== undefined) await bring(stored, [courier]);
      };
      const isPaused = courier.pausedUntil > now();
      if (isPaused) putOff(courier.pausedUntil);
      // While it is paused nothing is due; how much waits is worth knowing all the same.
      await replayQueue(retryQueue(name), isPaused ? 0 : now(), takeUp, (count, dueNext) => {
        waiting.set(name, count);
        // Of several events that were put off only the first has woken us: the next one must as well.
        if (!isPaused) putOff(dueNext);
      });
    }
    isFirst = false;
  }

  /** Takes up what is due, as fast as it can be sent; resolves when all of it was dealt with. */
  async function replayQueue(
    queue: string,
    until: number,
    takeUp: (key: string) => Promise<void>,
    onLater?: OnLater,
  ): Promise<void> {
    const works: Array<Promise<void>> = [];
    for await (const key of outbox.due(queue, until, onLater)) {
      await sending.onSizeLessThan(1);
      if (stopping.signal.aborted) break;
      if (!held.has(key)) works.push(work(key, () => takeUp(key)));
    }
    await Promise.all(works);
  }

  /** Sends news of a process that died, as far as it came true. */
  async function judge(stored: StoredEntry): Promise<void> {
    const { key, entry } = stored;
    const standing = await standingOf(entry.subject, store, placeOf);
    // In doubt it is told: it was made, and most likely stood until its input was replaced.
    if (standing === 'stands' || standing === 'replaced') return bring(stored, [...couriers.values()]);
    if (standing === 'other' || now() - entry.since > MAX_PENDING) await outbox.remove(key);
  }

  async function run(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      await replay().catch((thrown: unknown) => {
        const error = toClearcutError(thrown, 'STORE_UNAVAILABLE', { bucket });
        logger.warn({ err: error, retryMs: intervalMs }, 'cannot look into the outbox; trying again');
      });
      wake = new AbortController();
      const pause = Math.max(MIN_PAUSE, Math.min(intervalMs, nextDue - now(), MAX_DELAY));
      await sleep(pause, undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(() => {});
    }
  }

  return {
    async expect(news, traceparent) {
      const since = now();
      const entry = {
        event: eventOf(news, traceparent),
        subject: subjectOf(news),
        since,
        attempts: 0,
        heldUntil: since + HOLD,
      };
      const stored = await outbox.add(NEW, entry, since + HOLD);
      const forget = () =>
        outbox.remove(stored.key).catch((thrown: unknown) => {
          logger.debug(
            { err: toClearcutError(thrown, 'STORE_UNAVAILABLE') },
            'the outbox will be tidied later',
          );
        });
      return {
        stands: () => enqueue(stored),
        fails: forget,
        async isUnclear() {
          const standing = await standingOf(entry.subject, store, placeOf).catch(() => 'pending');
          if (standing === 'stands') enqueue(stored);
          else if (standing !== 'pending') await forget();
        },
      };
    },
    start() {
      running = run();
    },
    replay,
    counts: () => ({
      inFlight: sending.size + sending.pending,
      waiting,
      targets: new Map([...couriers].map(([name, courier]) => [name, courier.counts()])),
    }),
    async close(graceMs) {
      stopping.abort();
      const late = new AbortController();
      const grace = sleep(graceMs, undefined, { signal: late.signal }).catch(() => {});
      await Promise.race([sending.onIdle(), grace]);
      late.abort();
      aborting.abort();
      await sending.onIdle();
      await running;
      await Promise.all(targets.map((target) => target.close()));
    },
  };
}
