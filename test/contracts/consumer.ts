import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery, EventSource } from '../../src/events/event-source.js';

/** Reads the deliveries of a source one at a time, as a consumer does, and fails instead of waiting for ever. */
export interface Consumer {
  /** The next delivery that the test has not seen. */
  next(): Promise<Delivery>;
  /** The next delivery of this key; others on the way are acked. */
  nextOf(key: string): Promise<Delivery>;
  /** Keys of the deliveries seen, in order. */
  readonly seen: readonly string[];
  /** Aborts and resolves when the iteration has ended; rejects if it ended with an error. */
  stop(): Promise<void>;
}

/** Generous: reached only when something is lost. */
const PATIENCE = 15_000;

export function consume(source: EventSource): Consumer {
  const stopping = new AbortController();
  const iterator = source.deliveries(stopping.signal)[Symbol.asyncIterator]();
  const seen: string[] = [];
  // Asked at once: sources begin their work when they are first asked.
  let pending: Promise<IteratorResult<Delivery>> | undefined = iterator.next();
  pending.catch(() => {});

  async function next(): Promise<Delivery> {
    pending ??= iterator.next();
    const giveUp = new AbortController();
    const timeout = sleep(PATIENCE, undefined, { signal: giveUp.signal }).catch(() => undefined);
    const result = await Promise.race([pending, timeout]);
    giveUp.abort();
    if (result === undefined) throw new Error(`no delivery came; seen so far: ${JSON.stringify(seen)}`);
    pending = undefined;
    if (result.done === true) throw new Error('the iteration ended');
    seen.push(result.value.event.key);
    return result.value;
  }

  return {
    next,
    seen,
    async nextOf(key) {
      for (;;) {
        const delivery = await next();
        if (delivery.event.key === key) return delivery;
        await delivery.ack();
      }
    },
    async stop() {
      stopping.abort();
      const rest = pending ?? iterator.next();
      const { done } = await rest;
      if (done !== true) await iterator.return?.();
    },
  };
}
