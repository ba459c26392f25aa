import { setTimeout as sleep } from 'node:timers/promises';
import { ClearcutError, toClearcutError } from '../errors.js';
import type { ObjectSummary } from '../storage/object-store.js';
import type { Logger } from '../telemetry/logger.js';
import type { EventSource } from './event-source.js';
import { createLocalQueue, type LocalQueueCounts } from './local-queue.js';
import { createQueueSource } from './queue-source.js';
import { type FindUnsettledOptions, findUnsettled } from './sweep/find-unsettled.js';

export interface SweepSourceOptions extends Omit<FindUnsettledOptions, 'doubtMs'> {
  /** Milliseconds from the end of one listing to the start of the next. */
  readonly intervalMs: number;
  /** Milliseconds an object must stay unchanged before it counts as complete (0: objects are never seen in part). */
  readonly settleMs: number;
  /** Events that may wait; the listing goes on only as they are taken. */
  readonly capacity: number;
  /**
   * Other processes sweep the same store: objects are handed out in no order and pauses vary by a quarter, so that
   * the processes seldom take the same object at once. Default: false.
   */
  readonly isShared?: boolean;
  /**
   * The first listing begins after this (or after `intervalMs`, should this never end): the start of the sources that
   * tell of everything newer.
   */
  readonly beginAfter?: Promise<unknown>;
  /** Called after every listing that reached the end. */
  readonly onSweep?: (report: SweepReport) => void;
  readonly logger: Logger;
}

interface SweepReport {
  /** Inputs that are ours to process. */
  readonly listed: number;
  /** Those of them whose outcome is missing, or may be; each is handed out. */
  readonly missing: number;
  /** Includes the time the listing waited for its events to be taken. */
  readonly durationMs: number;
}

export interface SweepSource extends EventSource {
  /**
   * Sweeps as soon as the sweep that may be running has ended (or somebody begins to consume). Rejects when the
   * store fails, or with SHUTTING_DOWN when the last consumer leaves before.
   */
  sweepNow(): Promise<SweepReport>;
  readonly counts: () => LocalQueueCounts;
}

/**
 * Milliseconds by which an outcome must be newer than its input for the first sweep to trust the times. The pipeline
 * looks for a newer version of the input before it writes an outcome and once more afterwards. If the process dies in
 * between, and a newer version came just then, that one is older than an outcome that is not its own: by no more than
 * those writes take, for which this is plenty. Later sweeps need not doubt, as there was no death since the first.
 */
const DOUBT_WINDOW = 30_000;

/** Young objects watched until they are still; the next sweep sees to the others. */
const MAX_YOUNG = 1_000;

/** The longest delay that Node's timers take; a longer one would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

interface Request {
  resolve(report: SweepReport): void;
  reject(error: ClearcutError): void;
}

/**
 * The sweep: events are a hint, the listing is the truth. At the start and then again and again it lists the inputs
 * and tells of each one that has no outcome yet (see findUnsettled), whatever became of its events. An object that is
 * handed out, or that waits for another attempt, is not told of again meanwhile. A store that fails ends nothing: it
 * is logged, and the next sweep tries again. Inputs that were removed are not its business.
 */
export function createSweepSource(options: SweepSourceOptions): SweepSource {
  const { store, input, intervalMs, settleMs, capacity, beginAfter, onSweep, logger } = options;
  const { isShared = false } = options;
  const queue = createLocalQueue({ source: 'sweep', capacity });
  let requests: Request[] = [];
  let interruption = new AbortController();

  async function produce(signal: AbortSignal): Promise<void> {
    await begun(signal);
    let doubtMs = DOUBT_WINDOW;
    while (!signal.aborted) {
      const asked = requests;
      requests = [];
      interruption = new AbortController();
      const young = new Map<string, ObjectSummary>();
      try {
        const report = await sweep(young, doubtMs, signal);
        if (signal.aborted) requests.push(...asked);
        else {
          doubtMs = 0;
          onSweep?.(report);
          for (const { resolve } of asked) resolve(report);
        }
      } catch (thrown) {
        const error = explain(thrown);
        for (const { reject } of asked) reject(error);
      }
      await rest(young, AbortSignal.any([signal, interruption.signal]));
    }
    const error = new ClearcutError('SHUTTING_DOWN', 'The sweep has stopped.', input);
    for (const { reject } of requests) reject(error);
    requests = [];
  }

  async function begun(signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    await Promise.race([beginAfter, pause(intervalMs, AbortSignal.any([signal, done.signal]))]);
    done.abort();
  }

  /** One listing. Puts into `young` what may still be being written. */
  async function sweep(
    young: Map<string, ObjectSummary>,
    doubtMs: number,
    signal: AbortSignal,
  ): Promise<SweepReport> {
    const startedAt = performance.now();
    let listed = 0;
    let missing = 0;
    for await (const window of findUnsettled({ ...options, doubtMs })) {
      listed += window.listed;
      missing += window.unsettled.length;
      for (const object of isShared ? shuffled(window.unsettled) : window.unsettled) {
        if (Date.now() - object.lastModified.getTime() >= settleMs) await emit(object, signal);
        else if (young.size < MAX_YOUNG) young.set(object.key, object);
      }
      if (signal.aborted) break;
    }
    return { listed, missing, durationMs: performance.now() - startedAt };
  }

  async function emit({ key, size }: ObjectSummary, signal: AbortSignal): Promise<void> {
    // Pushing it again would start its attempts anew.
    if (queue.has(input.bucket, key)) return;
    await queue.room(signal);
    if (!signal.aborted) queue.push({ kind: 'created', bucket: input.bucket, key, size });
  }

  /** Until the next sweep is due, sees to the young objects. */
  async function rest(young: Map<string, ObjectSummary>, signal: AbortSignal): Promise<void> {
    const interval = isShared ? intervalMs * (0.75 + Math.random() / 2) : intervalMs;
    const due = performance.now() + interval;
    for (let left = interval; left > 0 && !signal.aborted; left = due - performance.now()) {
      await pause(young.size > 0 ? Math.min(settleMs, left) : left, signal);
      try {
        for (const object of young.values()) if (!signal.aborted) await revisit(object, young, signal);
      } catch (thrown) {
        explain(thrown);
        young.clear();
      }
    }
  }

  async function revisit(before: ObjectSummary, young: Map<string, ObjectSummary>, signal: AbortSignal) {
    const now = await store.head(input.bucket, before.key);
    const still = now?.size === before.size && now.lastModified.getTime() === before.lastModified.getTime();
    if (now === undefined || still) young.delete(before.key);
    else young.set(before.key, now);
    if (still) await emit(before, signal);
  }

  function explain(thrown: unknown): ClearcutError {
    const error = toClearcutError(thrown, 'STORE_UNAVAILABLE', { bucket: input.bucket });
    logger.warn({ err: error, retryMs: intervalMs }, 'the sweep failed; it will be tried again');
    return error;
  }

  return {
    ...createQueueSource({ name: 'sweep', queue, produce }),
    sweepNow() {
      interruption.abort();
      return new Promise((resolve, reject) => requests.push({ resolve, reject }));
    },
    counts: queue.counts,
  };
}

/** In random order (Fisher and Yates). */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const mixed: Item[] = [];
  for (const item of items) {
    const at = Math.floor(Math.random() * (mixed.length + 1));
    const moved = mixed[at];
    if (moved !== undefined) mixed.push(moved);
    mixed[at] = item;
  }
  return mixed;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.min(ms, MAX_DELAY), undefined, { signal }).catch(() => {});
}
