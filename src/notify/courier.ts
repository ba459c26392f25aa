import type { Logger } from '../telemetry/logger.js';
import type { OutcomeEvent } from './outcome-event.js';
import { nextPause } from './retry-schedule.js';
import type { Answer, Target } from './target.js';
import { createTargetHealth } from './target-health.js';

export interface CourierOptions {
  readonly target: Target;
  /** Milliseconds between an attempt and the next. */
  readonly pauses: readonly number[];
  readonly now: () => number;
  readonly logger: Logger;
}

/** What became of one attempt at one target. */
export type Delivery =
  | { readonly kind: 'done' }
  /** Try again then. */
  | { readonly kind: 'later'; readonly dueAt: number; readonly attempts: number }
  | { readonly kind: 'given-up' };

export interface CourierCounts {
  readonly sent: number;
  /** Attempts. */
  readonly failed: number;
  /** Events, after their last attempt. */
  readonly givenUp: number;
  /** Events for a receiver that wants no more. */
  readonly dropped: number;
}

/** Brings events to one target, and knows how it is doing. */
export interface Courier {
  readonly target: Target;
  /** `attempts`: those that failed before. Rejects only with the reason of `signal`. */
  bring(event: OutcomeEvent, attempts: number, signal: AbortSignal): Promise<Delivery>;
  /** Milliseconds since 1970 before which nothing is sent; 0 for no pause. */
  readonly pausedUntil: number;
  counts(): CourierCounts;
}

export function createCourier({ target, pauses, now, logger }: CourierOptions): Courier {
  const health = createTargetHealth();
  const counts = { sent: 0, failed: 0, givenUp: 0, dropped: 0 };

  function judge(answer: Answer, event: OutcomeEvent, attempts: number): Delivery {
    if (answer.kind === 'sent') {
      counts.sent += 1;
      health.succeeded();
      return { kind: 'done' };
    }
    const facts = { target: target.name, event: event.id, reason: answer.reason };
    if (answer.kind === 'gone') {
      if (!health.isGone)
        logger.error(facts, 'the receiver wants no more events: none are sent to it until the next start');
      health.gone();
      counts.dropped += 1;
      return { kind: 'done' };
    }
    counts.failed += 1;
    health.failed(now(), answer.retryAfterMs);
    const pause = nextPause(pauses, attempts + 1, Math.random(), answer.retryAfterMs);
    if (pause === undefined) {
      counts.givenUp += 1;
      logger.error({ ...facts, attempts: attempts + 1 }, 'an event was not taken and is given up');
      return { kind: 'given-up' };
    }
    logger.warn({ ...facts, delayMs: Math.round(pause) }, 'an event was not taken; it will be sent again');
    return { kind: 'later', dueAt: now() + pause, attempts: attempts + 1 };
  }

  return {
    target,
    async bring(event, attempts, signal) {
      if (health.isGone) {
        counts.dropped += 1;
        return { kind: 'done' };
      }
      // No attempt of this event: it only comes at a bad time.
      if (health.pausedUntil > now()) return { kind: 'later', dueAt: health.pausedUntil, attempts };
      return judge(await target.send(event, signal), event, attempts);
    },
    get pausedUntil() {
      return health.pausedUntil;
    },
    counts: () => ({ ...counts }),
  };
}
