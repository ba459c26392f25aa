/** What a target's answers say of it as a whole. Pure: every time is told, in milliseconds on one clock. */
export interface TargetHealth {
  succeeded(): void;
  /** `retryAfterMs`: what the receiver asked for. */
  failed(now: number, retryAfterMs?: number): void;
  gone(): void;
  /** Nothing should be sent before this; 0 for no pause. */
  readonly pausedUntil: number;
  /** It wants no events any more. */
  readonly isGone: boolean;
}

/** Failures in a row after which the receiver counts as down, and is not asked for each event any more. */
const FAILURES = 5;
const PAUSE_MIN = 1_000;
const PAUSE_MAX = 5 * 60_000;

export function createTargetHealth(): TargetHealth {
  let failures = 0;
  let pausedUntil = 0;
  let isGone = false;
  return {
    succeeded() {
      failures = 0;
      pausedUntil = 0;
    },
    failed(now, retryAfterMs = 0) {
      // Attempts that were under way when it began to fail say nothing new.
      if (now >= pausedUntil) failures += 1;
      const pause = failures < FAILURES ? 0 : Math.min(PAUSE_MIN * 2 ** (failures - FAILURES), PAUSE_MAX);
      const wanted = now >= pausedUntil ? Math.max(pause, retryAfterMs) : retryAfterMs;
      if (wanted > 0) pausedUntil = Math.max(pausedUntil, now + wanted);
    },
    gone() {
      isGone = true;
    },
    get pausedUntil() {
      return pausedUntil;
    },
    get isGone() {
      return isGone;
    },
  };
}
