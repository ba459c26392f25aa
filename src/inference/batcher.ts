import { type BucketOf, bestBatchSize } from './batching/batch-size.js';
import { type CostLine, CostModel, costOf } from './batching/cost-line.js';
import { type Priority, PriorityLine, type Waiting } from './batching/priority-line.js';
import { WaitLearner } from './batching/wait-learner.js';

/**
 * What happens next to the pictures that wait. Pure: no timers, no I/O; every time is told, in milliseconds on one
 * monotonic clock.
 */
export interface Batcher<Item> {
  /** Takes an item in, unless the queue is full: then it says false and has not taken it. */
  add(item: Item, now: number, options?: AddOptions): boolean;
  /** To be asked when a worker is free, whenever something has changed, and at the time it says. */
  next(now: number, options?: NextOptions): Decision<Item>;
  /** Tells how long a batch of `size` took. */
  observe(size: number, durationMs: number): void;
  /** Everything that waits, taken out in order. */
  drain(): Item[];
  readonly waiting: number;
  readonly isFull: boolean;
  /** What batches cost, once enough were seen. */
  readonly line: CostLine | undefined;
}

export interface AddOptions {
  /** `bulk` unless given. */
  readonly priority?: Priority;
  /** When it should be finished. It ends waiting for a fuller batch; it neither drops nor reorders anything. */
  readonly deadline?: number;
}

export interface NextOptions {
  /** Pictures of the batch at most, where that is less than `maxBatch`; as many never wait for more. */
  readonly limit?: number;
  /** Nothing more is going to come: waiting is pointless. */
  readonly isLast?: boolean;
}

export type Decision<Item> =
  | { readonly kind: 'run'; readonly items: Item[] }
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'idle' };

export interface BatcherOptions {
  readonly maxBatch: number;
  /** Items that may wait. */
  readonly capacity: number;
  /** Workers that are served. */
  readonly workers?: number;
  /** Longest wait for a fuller batch; 0 never waits. As long as it pays unless given. */
  readonly maxWaitMs?: number;
  /** A wait must leave the oldest item a good chance to be finished within this time. None unless given. */
  readonly latencyTargetMs?: number;
  readonly bucketOf?: BucketOf;
}

/** A bulk item goes before interactive ones that came this much later. */
export const AGEING = 5_000;
/** Batches smaller than what waits between two that are one picture larger, to see whether that still costs as much. */
const EXPLORE_EVERY = 100;
/** Single pictures between two that wait for a second, where only a wait can show what two cost. */
const BLIND_WAIT_EVERY = 20;
/** Of a batch's duration: how long they wait. */
const BLIND_WAIT = 0.5;

/**
 * By default the largest batch available, at once. Measured batches teach two exceptions: where batches save nothing
 * the pictures go one by one, and where a short wait lowers the slow latencies it waits (see WaitLearner).
 */
export function createBatcher<Item>(options: BatcherOptions): Batcher<Item> {
  const { maxBatch, capacity, workers = 1 } = options;
  const { maxWaitMs = Number.POSITIVE_INFINITY, latencyTargetMs = Number.POSITIVE_INFINITY } = options;
  const { bucketOf = (n: number) => n } = options;
  const line = new PriorityLine<Item>(AGEING);
  const cost = new CostModel();
  const learner = new WaitLearner({ maxBatch, maxWaitMs, servers: workers, bucketOf });
  let smallBatches = 0;
  let blindSingles = 0;

  /** The moment up to which to wait for more. */
  function waitsUntil(): number {
    const fitted = cost.certainLine;
    if (fitted !== undefined) {
      const { waitMs, target } = learner.ruleFor(fitted);
      return line.length < target
        ? capped(waitMs, costOf(fitted, bucketOf(target)))
        : Number.NEGATIVE_INFINITY;
    }
    // Pictures that come in pairs are served one by one where nothing waits: what two cost never shows.
    const singleMs = cost.typicalMs(bucketOf(1));
    if (singleMs === undefined || line.length > 1 || maxBatch === 1) return Number.NEGATIVE_INFINITY;
    const waitMs = Math.min(BLIND_WAIT * singleMs, maxWaitMs);
    if (blindSingles % BLIND_WAIT_EVERY !== 0 || !learner.oftenFollows(waitMs))
      return Number.NEGATIVE_INFINITY;
    return capped(waitMs, 2 * singleMs);
  }

  /** The end of a wait that leaves `finishMs` to every latency target and deadline. */
  function capped(waitMs: number, finishMs: number): number {
    let until = Number.POSITIVE_INFINITY;
    for (const { since, deadline } of line) {
      until = Math.min(until, since + waitMs, Math.min(since + latencyTargetMs, deadline) - finishMs);
    }
    return until;
  }

  function sizeOfNext(): number {
    const available = Math.min(line.length, maxBatch);
    if (cost.certainLine === undefined) {
      if (available === 1) blindSingles += 1;
      // Batches of one size do not determine a line: a few of another size do, when there is time for them.
      const isUrgent = line.length > maxBatch;
      return cost.knows(bucketOf(available)) && !isUrgent ? Math.ceil(available / 2) : available;
    }
    const best = bestBatchSize(cost.certainLine, line.length, maxBatch, bucketOf);
    if (best === available) return best;
    smallBatches += 1;
    return smallBatches % EXPLORE_EVERY === 0 ? best + 1 : best;
  }

  function take(count: number): Item[] {
    const items: Item[] = [];
    while (items.length < count) {
      const entry = line.shift();
      if (entry === undefined) break;
      items.push(entry.item);
    }
    return items;
  }

  return {
    add(item, now, { priority = 'bulk', deadline = Number.POSITIVE_INFINITY } = {}) {
      if (line.length >= capacity) return false;
      const entry: Waiting<Item> = { item, priority, since: now, deadline };
      line.push(entry);
      learner.arrived(now);
      return true;
    },
    next(now, { limit = maxBatch, isLast = false } = {}) {
      if (line.length === 0) return { kind: 'idle' };
      const until = isLast || line.length >= limit ? now : waitsUntil();
      if (until > now) return { kind: 'wait', until };
      return { kind: 'run', items: take(Math.min(limit, sizeOfNext())) };
    },
    observe: (size, durationMs) => cost.observe(bucketOf(size), durationMs),
    drain: () => line.drain().map(({ item }) => item),
    get waiting() {
      return line.length;
    },
    get isFull() {
      return line.length >= capacity;
    },
    get line() {
      return cost.line;
    },
  };
}
