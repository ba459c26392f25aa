import type { Backlog, Delivery, ObjectEvent } from './event-source.js';

export interface LocalQueueOptions {
  /** Name of the source that the deliveries carry. */
  readonly source: string;
  /** Events that may wait at once, 1 or more. What is pushed beyond is dropped and counted. */
  readonly capacity: number;
}

export interface LocalQueueCounts {
  /** Ready, delayed by a nack, or held back until an earlier delivery of the same object ends. */
  readonly waiting: number;
  readonly inFlight: number;
  /** Events dropped because the queue was full. */
  readonly overflowed: number;
}

/** The queue behind sources that have no broker. It lives in memory: what it loses, the sweep finds. */
export interface LocalQueue {
  /**
   * Takes the event, or drops it and returns false when `capacity` events wait. The last event of an object wins:
   * it replaces one that still waits (at its place in the line, attempt 1 again, no delay any more).
   */
  push(event: ObjectEvent): boolean;
  /** Whether an event of this object waits or is in flight. */
  has(bucket: string, key: string): boolean;
  /**
   * The deliveries, until `signal` aborts; several consumers may share a queue. Two deliveries of one object are
   * never in flight together. What a consumer took and did not end when it leaves (abort, break, throw) is
   * forgotten, so it cannot hold back later events of the same object; the next sweep finds what was not done.
   */
  deliveries(signal: AbortSignal): AsyncGenerator<Delivery, void, undefined>;
  /** Resolves when one more event can be pushed, or when `signal` aborts. */
  room(signal: AbortSignal): Promise<void>;
  /** Forgets everything, deliveries in flight included. */
  clear(): void;
  counts(): LocalQueueCounts;
  /** What waits, and for how long the oldest of it. */
  backlog(): Backlog;
}

interface Entry {
  readonly event: ObjectEvent;
  readonly attempt: number;
  /** `performance.now()` of when the event was pushed. */
  readonly since: number;
}

interface Delayed {
  readonly timer: NodeJS.Timeout;
  readonly entry: Entry;
}

interface Taken {
  readonly delivery: Delivery;
  /** The iteration that took it. */
  readonly consumer: symbol;
}

/** The longest delay that Node's timers take; a longer one would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

export function createLocalQueue({ source, capacity }: LocalQueueOptions): LocalQueue {
  // An object is in at most one of `ready` and `delayed`; `held` has newer events of objects that are in flight.
  const ready = new Map<string, Entry>();
  const delayed = new Map<string, Delayed>();
  const held = new Map<string, Entry>();
  const inFlight = new Map<string, Taken>();
  const sleepers = new Set<() => void>();
  let overflowed = 0;

  const waiting = () => ready.size + delayed.size + held.size;

  function push(event: ObjectEvent): boolean {
    const id = idOf(event.bucket, event.key);
    const replaces = ready.has(id) || delayed.has(id) || held.has(id);
    if (!replaces && waiting() >= capacity) {
      overflowed += 1;
      return false;
    }
    clearTimeout(delayed.get(id)?.timer);
    delayed.delete(id);
    (inFlight.has(id) ? held : ready).set(id, { event, attempt: 1, since: performance.now() });
    wake();
    return true;
  }

  function take(consumer: symbol): Delivery | undefined {
    const [next] = ready;
    if (next === undefined) return undefined;
    const [id, entry] = next;
    ready.delete(id);
    const { event, attempt } = entry;
    const delivery: Delivery = {
      event,
      attempt,
      source,
      ack: async () => void end(id, delivery),
      nack: async (delayMs) => {
        if (end(id, delivery) && !ready.has(id)) delay(id, { ...entry, attempt: entry.attempt + 1 }, delayMs);
      },
      extend: async () => {},
      terminate: async () => void end(id, delivery),
    };
    inFlight.set(id, { delivery, consumer });
    wake();
    return delivery;
  }

  /** False when the delivery was ended or forgotten before. */
  function end(id: string, delivery: Delivery): boolean {
    if (inFlight.get(id)?.delivery !== delivery) return false;
    inFlight.delete(id);
    const newer = held.get(id);
    held.delete(id);
    if (newer !== undefined) ready.set(id, newer);
    wake();
    return true;
  }

  function delay(id: string, entry: Entry, delayMs: number): void {
    const becomeReady = () => {
      delayed.delete(id);
      ready.set(id, entry);
      wake();
    };
    delayed.set(id, { timer: setTimeout(becomeReady, Math.min(Math.max(delayMs, 0), MAX_DELAY)), entry });
  }

  async function* deliveries(signal: AbortSignal): AsyncGenerator<Delivery, void, undefined> {
    const consumer = Symbol(source);
    try {
      while (!signal.aborted) {
        const delivery = take(consumer);
        if (delivery === undefined) await sleep(signal);
        else yield delivery;
      }
    } finally {
      for (const [id, taken] of inFlight) if (taken.consumer === consumer) end(id, taken.delivery);
    }
  }

  async function room(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && waiting() >= capacity) await sleep(signal);
  }

  /** Until something changes. Everybody wakes and looks, so no wake-up is lost to a consumer that is leaving. */
  function sleep(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const awake = () => {
        sleepers.delete(awake);
        signal.removeEventListener('abort', awake);
        resolve();
      };
      sleepers.add(awake);
      signal.addEventListener('abort', awake);
    });
  }

  function backlog(): Backlog {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { since } of ready.values()) oldest = Math.min(oldest, since);
    for (const { since } of held.values()) oldest = Math.min(oldest, since);
    for (const { entry } of delayed.values()) oldest = Math.min(oldest, entry.since);
    return { waiting: waiting(), oldestMs: waiting() === 0 ? 0 : performance.now() - oldest };
  }

  function wake(): void {
    for (const awake of [...sleepers]) awake();
  }

  function clear(): void {
    for (const { timer } of delayed.values()) clearTimeout(timer);
    for (const map of [ready, delayed, held, inFlight]) map.clear();
    wake();
  }

  return {
    push,
    has: (bucket, key) => {
      const id = idOf(bucket, key);
      return ready.has(id) || delayed.has(id) || inFlight.has(id);
    },
    deliveries,
    room,
    clear,
    counts: () => ({ waiting: waiting(), inFlight: inFlight.size, overflowed }),
    backlog,
  };
}

/** Bucket names hold no slash, so this is unambiguous. */
function idOf(bucket: string, key: string): string {
  return `${bucket}/${key}`;
}
