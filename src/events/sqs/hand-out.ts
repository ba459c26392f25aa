import type { Delivery, ObjectEvent } from '../event-source.js';
import type { MessageLease } from './message-lease.js';

/** A message that was received, and what it tells of. */
export interface HeldMessage {
  readonly lease: MessageLease;
  readonly events: readonly ObjectEvent[];
}

export interface HandOutOptions {
  /** Name of the source, for its deliveries. */
  readonly source: string;
  /** Milliseconds between two extensions of the leases of what waits: a fraction of their time. */
  readonly beatMs: number;
  readonly signal: AbortSignal;
}

/**
 * The events of the messages, one by one, as the consumer asks. What waits meanwhile keeps its lease. When the
 * consumer leaves, by abort or by breaking off, the rest is given back at once; on an abort this does not wait for the
 * consumer to ask again, which it does only when it has a place free.
 */
export async function* handOut(
  messages: readonly HeldMessage[],
  { source, beatMs, signal }: HandOutOptions,
): AsyncGenerator<Delivery, void, undefined> {
  const waiting = messages.flatMap(({ lease, events }) =>
    events.map((event) => ({ lease, delivery: lease.delivery(event, events.length, source) })),
  );
  let givenBack: Promise<unknown> = Promise.resolve();
  const giveBack = () => {
    const rest = waiting.splice(0);
    if (rest.length > 0) givenBack = Promise.all(rest.map(({ delivery }) => delivery.nack(0)));
  };
  // The consumer extends what it has; what still waits here is extended by us.
  const beat = setInterval(() => {
    for (const lease of new Set(waiting.map((held) => held.lease))) void lease.extend();
  }, beatMs);
  signal.addEventListener('abort', giveBack);
  if (signal.aborted) giveBack();
  try {
    for (let held = waiting.shift(); held !== undefined; held = waiting.shift()) yield held.delivery;
  } finally {
    clearInterval(beat);
    signal.removeEventListener('abort', giveBack);
    giveBack();
    await givenBack;
  }
}
