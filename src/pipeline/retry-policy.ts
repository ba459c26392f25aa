import type { ClearcutError, ErrorCode } from '../errors.js';

export interface RetryPolicy {
  readonly maxAttempts: number;
  /** Milliseconds. */
  readonly retryMin: number;
  readonly retryMax: number;
}

/** What to do with a delivery whose object failed. */
export type Verdict =
  | { readonly action: 'dead-letter' }
  | { readonly action: 'retry'; readonly delayMs: number };

/**
 * Failures that say nothing about the object: the store is away or refuses us, another writer won, we are stopping.
 * They are tried again for as long as they last; a store that is down for an hour, or a policy that is wrong for
 * one, must not turn a whole bucket into dead letters.
 */
const NOT_THE_OBJECTS_FAULT = new Set<ErrorCode>([
  'STORE_UNAVAILABLE',
  'CREDENTIALS_REFUSED',
  'ACCESS_DENIED',
  'CLOCK_SKEWED',
  'PRECONDITION_FAILED',
  'SHUTTING_DOWN',
]);

/**
 * Permanent errors are dead letters at once; transient ones are tried again after a pause that doubles, and become
 * dead letters after `maxAttempts` unless the object cannot be at fault. `attempt` counts from 1.
 */
export function judge(error: ClearcutError, attempt: number, policy: RetryPolicy): Verdict {
  if (error.permanence === 'permanent') return { action: 'dead-letter' };
  if (attempt >= policy.maxAttempts && !NOT_THE_OBJECTS_FAULT.has(error.code))
    return { action: 'dead-letter' };
  const delayMs = Math.min(policy.retryMax, policy.retryMin * 2 ** Math.min(attempt - 1, 30));
  return { action: 'retry', delayMs };
}
