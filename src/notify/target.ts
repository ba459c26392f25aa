import type { OutcomeEvent } from './outcome-event.js';

/** The Target port: where events are sent. Every implementation may be sent the same event more than once. */
export interface Target {
  /**
   * For logs, metrics and the names of what waits for it: letters, digits, `.`, `-`, `_`. Stays the same over restarts;
   * holds no secret.
   */
  readonly name: string;
  /**
   * Sends one event; several at once may be under way. Rejects with nothing but the reason of `signal`, where that
   * aborts before the receiver has taken it.
   */
  send(event: OutcomeEvent, signal: AbortSignal): Promise<Answer>;
  /** Tries what can be tried without sending an event; resolves with what was found, rejects with what is wrong. */
  check(): Promise<string>;
  close(): Promise<void>;
}

export type Answer =
  /** The receiver has it, durably as far as it says. */
  | { readonly kind: 'sent' }
  | Failed
  /** The receiver wants no events any more. */
  | { readonly kind: 'gone'; readonly reason: string };

export interface Failed {
  readonly kind: 'failed';
  /** For the log; holds no secret. */
  readonly reason: string;
  /** The receiver wants to be left alone for these milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

export const SENT: Answer = { kind: 'sent' };

export function failed(reason: string, retryAfterMs?: number): Failed {
  return { kind: 'failed', reason, retryAfterMs };
}
