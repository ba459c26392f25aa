import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { ClearcutError, type ErrorCode, toClearcutError } from '../errors.js';
import type { Delivery, EventSource } from '../events/event-source.js';
import type { Logger } from '../telemetry/logger.js';
import { forgetObject } from './forget-object.js';
import {
  buryObject,
  type Outcome,
  type Pipeline,
  processObject,
  type Task,
  type TaskTrace,
} from './process-object.js';
import { judge, type RetryPolicy } from './retry-policy.js';

export type ServiceState = 'running' | 'draining' | 'drained' | 'failed';

export interface ServiceOptions {
  readonly pipeline: Pipeline;
  readonly sources: readonly EventSource[];
  /** Images in flight at once, at most. */
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  /** Remove the outcome of an input that was removed. Default: false. */
  readonly removeResults?: boolean;
  /** Told of what becomes of each delivery. */
  readonly observer?: ServiceObserver | undefined;
  /** Follows each delivery from the moment it is ours. */
  readonly tracer?: DeliveryTracer | undefined;
  /** Told when work on an object begins; what it returns is called when that has ended, however it did. */
  readonly begin?: ((task: Task) => () => void) | undefined;
  readonly logger: Logger;
  /** Milliseconds between two signs of life for a delivery that is being worked on. */
  readonly heartbeat?: number;
}

export interface ServiceObserver {
  /** The delivery has ended with this outcome. `source`: where it came from. */
  ended(outcome: Outcome, source: string): void;
  /** It will be handed out again. */
  retried(code: ErrorCode): void;
}

/** One delivery as part of a trace. */
export interface DeliveryTrace extends TaskTrace {
  ended(outcome: Outcome): void;
  /** The attempt failed, and another follows. */
  failed(error: ClearcutError): void;
}

export interface DeliveryTracer {
  begin(delivery: Delivery): DeliveryTrace;
}

export interface ServiceCounts {
  readonly inFlight: number;
  readonly results: number;
  readonly deadLetters: number;
  readonly skipped: number;
  readonly retries: number;
  /** Inputs that were removed and whose outcome was removed after them. */
  readonly removed: number;
  /** Of the results and dead letters, those whose input the sweep found: no source had told of it in time. */
  readonly foundBySweep: number;
}

export interface Service {
  readonly state: () => ServiceState;
  readonly counts: () => ServiceCounts;
  /** Rejects if a source fails in a way it cannot recover from; resolves when the service has drained. */
  readonly finished: Promise<void>;
  /**
   * Takes no more deliveries and waits for those in flight, `graceMs` at most. Resolves true when all finished;
   * what did not is found again by the sweep of the next start.
   */
  drain(graceMs: number): Promise<boolean>;
}

const HEARTBEAT = 10_000;

/**
 * Joins event sources and pipeline: takes deliveries only as fast as images can be worked on, and ends each one
 * (ack, nack, terminate) after its outcome is durably stored.
 */
export function startService(options: ServiceOptions): Service {
  const { pipeline, sources, concurrency, retry, removeResults = false, observer, tracer, logger } = options;
  const { heartbeat = HEARTBEAT, begin } = options;
  const queue = new PQueue({ concurrency });
  const stopping = new AbortController();
  const busy = new Map<string, Promise<void>>();
  const counts = { results: 0, deadLetters: 0, skipped: 0, retries: 0, removed: 0, foundBySweep: 0 };
  let state: ServiceState = 'running';

  async function consume(source: EventSource): Promise<void> {
    for await (const delivery of source.deliveries(stopping.signal)) {
      const trace = tracer?.begin(delivery);
      // From here on it is ours, also while it waits for its turn.
      const alive = setInterval(() => void delivery.extend().catch(ignore), heartbeat);
      void queue.add(() => oneAtATime(delivery, trace).finally(() => clearInterval(alive)));
      // The next delivery is taken only when a place is free, so a burst waits in its source and not in memory.
      await queue.onSizeLessThan(1);
    }
  }

  /** Two sources may speak of the same object at once: the second waits, and then finds it already done. */
  async function oneAtATime(delivery: Delivery, trace?: DeliveryTrace): Promise<void> {
    const { bucket, key } = delivery.event;
    const object = `${bucket}/${key}`;
    const work = (busy.get(object) ?? Promise.resolve()).then(() => handle(delivery, trace));
    busy.set(object, work);
    try {
      await work;
    } finally {
      if (busy.get(object) === work) busy.delete(object);
    }
  }

  async function handle(delivery: Delivery, trace?: DeliveryTrace): Promise<void> {
    const { event, attempt, source } = delivery;
    const task: Task = { bucket: event.bucket, key: event.key, attempt };
    const end = begin?.(task);
    try {
      await settle(delivery, task, trace);
    } catch (thrown) {
      // Storing the dead letter or ending the delivery failed. Never lost: handed out again, or found by the sweep.
      const error = toClearcutError(thrown, 'STORE_UNAVAILABLE', task);
      trace?.failed(error);
      logger.error({ err: error, ...task, source }, 'outcome could not be stored; it will be tried again');
      await delivery.nack(retry.retryMax).catch(ignore);
    } finally {
      end?.();
    }
  }

  async function settle(delivery: Delivery, task: Task, trace?: DeliveryTrace): Promise<void> {
    const traced: Task = { ...task, trace };
    const isRemoval = delivery.event.kind === 'removed';
    if (isRemoval && !removeResults) return delivery.ack();
    try {
      const outcome = await (isRemoval ? forgetObject(traced, pipeline) : processObject(traced, pipeline));
      await delivery.ack();
      trace?.ended(outcome);
      report(outcome, task, delivery.source);
    } catch (thrown) {
      const error = toClearcutError(thrown, 'STORE_UNAVAILABLE', task);
      const verdict = judge(error, task.attempt, retry);
      if (verdict.action === 'retry') {
        counts.retries += 1;
        observer?.retried(error.code);
        trace?.failed(error);
        logger.warn({ err: error, ...task, delayMs: verdict.delayMs }, 'will be tried again');
        return delivery.nack(verdict.delayMs);
      }
      const outcome = await buryObject(traced, exhaustedOr(error, task), pipeline);
      await delivery.terminate(error.message);
      trace?.ended(outcome);
      report(outcome, task, delivery.source);
    }
  }

  function report(outcome: Outcome, { bucket, key, attempt }: Task, source: string): void {
    observer?.ended(outcome, source);
    const isNew = outcome.kind === 'result' || outcome.kind === 'dead-letter';
    if (isNew && source === 'sweep') counts.foundBySweep += 1;
    if (outcome.kind === 'result') {
      counts.results += 1;
      const { output, timings, verdict } = outcome.record;
      const { subject, confidence } = verdict;
      const ms = timings['total'];
      logger.info({ bucket, key, output: output.key, subject, confidence, ms, attempt, source }, 'cut out');
    } else if (outcome.kind === 'dead-letter') {
      counts.deadLetters += 1;
      const { code, message, remedy } = outcome.deadLetter.error;
      logger.warn({ bucket, key, code, reason: message, remedy, source }, 'dead letter');
    } else if (outcome.kind === 'removed') {
      counts.removed += 1;
      logger.info({ bucket, key }, 'the input was removed, and its outcome with it');
    } else {
      counts.skipped += 1;
      logger.debug({ bucket, key, reason: outcome.reason }, 'skipped');
    }
  }

  const consumers = Promise.all(sources.map(consume)).then(
    () => queue.onIdle(),
    (error: unknown) => {
      state = 'failed';
      stopping.abort();
      throw error;
    },
  );
  // Whoever started the service awaits `finished`; an early failure must not count as unhandled meanwhile.
  consumers.catch(ignore);

  return {
    state: () => state,
    counts: () => ({ inFlight: queue.pending + queue.size, ...counts }),
    finished: consumers,
    async drain(graceMs) {
      state = 'draining';
      stopping.abort();
      const late = Symbol('late');
      const first = await Promise.race([consumers, sleep(graceMs, late, { ref: false })]);
      if (first !== late) state = 'drained';
      return first !== late;
    },
  };
}

/** The last of several attempts says that it was the last; a permanent error speaks for itself. */
function exhaustedOr(error: ClearcutError, { bucket, key, attempt }: Task): ClearcutError {
  if (error.permanence === 'permanent') return error;
  const message = `Gave up after ${attempt} attempts: ${error.message}`;
  return new ClearcutError('ATTEMPTS_EXHAUSTED', message, { bucket, key, etag: error.etag, cause: error });
}

function ignore(): void {}
