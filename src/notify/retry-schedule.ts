const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** The longest that a receiver may ask to be left alone. */
const MAX_RETRY_AFTER = 24 * HOUR;

/** Of a pause: events that failed together should not come back together. */
const JITTER = 0.2;

/**
 * Milliseconds until the next attempt after `attempts` failed ones; undefined where there is none. `random`: 0..1.
 * `pauses` are those of the settings, by default the schedule that Standard Webhooks recommends.
 */
export function nextPause(
  pauses: readonly number[],
  attempts: number,
  random: number,
  retryAfterMs = 0,
): number | undefined {
  const pause = pauses[attempts - 1];
  if (pause === undefined) return undefined;
  return Math.max(pause * (1 + JITTER * random), retryAfterMs);
}

/** Milliseconds that a `Retry-After` header (RFC 9110: seconds, or a date) asks for; undefined where it says nothing. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * SECOND : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER);
}
