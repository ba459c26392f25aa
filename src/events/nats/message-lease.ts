import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import { messageOf } from '../../errors.js';
import type { Logger } from '../../telemetry/logger.js';
import { traceparentOf } from '../../telemetry/trace-context.js';
import { endOnce } from '../end-once.js';
import type { Delivery, ObjectEvent } from '../event-source.js';

export interface MessageLeaseOptions {
  /** Received just now. */
  readonly message: JsMsg;
  /** Events in the message, 1 or more. */
  readonly total: number;
  /** Milliseconds that the server waits for a sign of life. */
  readonly ackWaitMs: number;
  readonly source: string;
  readonly logger: Logger;
}

/**
 * Our hold on a message while its deliveries are worked on. When all have ended the message is acked; or nacked, for
 * the longest delay, if one of them was; or terminated if all were. Nothing here rejects: what does not reach the
 * server is logged, and the server hands the message out again when its ack wait is over.
 */
export interface MessageLease {
  delivery(event: ObjectEvent): Delivery;
  /** These many events of the message will not be handed out by us: it comes again when the others have ended. */
  giveBack(count: number): Promise<void>;
  /** Hands the message out again at once, whatever its deliveries are doing. */
  release(): Promise<void>;
  /** Resolves when the lease has ended: by us, or because its time is over. */
  readonly over: () => Promise<void>;
}

/** How long the server may take to confirm an ack. */
const CONFIRM_TIMEOUT = 5_000;

/** The longest delay of a nack: its nanoseconds stay far below what JSON numbers can tell apart. */
const MAX_DELAY = 2 ** 31 - 1;

export function leaseMessage({
  message,
  total,
  ackWaitMs,
  source,
  logger,
}: MessageLeaseOptions): MessageLease {
  const attempt = message.info.deliveryCount;
  const ended = new AbortController();
  let renewedAt = performance.now();
  let left = total;
  let delayMs: number | undefined;
  let acked = false;

  const isOpen = () => !ended.signal.aborted;

  async function end(count: number, reason?: string): Promise<void> {
    left -= count;
    if (left === 0 && isOpen()) await settle(reason);
  }

  async function settle(reason?: string): Promise<void> {
    try {
      if (delayMs !== undefined) message.nak(Math.round(Math.min(Math.max(delayMs, 0), MAX_DELAY)));
      else if (acked) await message.ackAck({ timeout: CONFIRM_TIMEOUT });
      else message.term(reason);
    } catch (thrown) {
      const details = { stream: message.info.stream, sequence: message.seq, reason: messageOf(thrown) };
      logger.warn(details, 'NATS did not confirm the end of an event; it may hand it out again');
    } finally {
      ended.abort();
    }
  }

  return {
    delivery(event) {
      const once = endOnce();
      return {
        event,
        source,
        attempt,
        traceparent: traceparentOf(message.headers?.get('traceparent')),
        async ack() {
          if (!once.close()) return;
          acked = true;
          await end(1);
        },
        async nack(delay) {
          if (!once.close()) return;
          delayMs = Math.max(delay, delayMs ?? 0);
          await end(1);
        },
        async extend() {
          if (!once.isOpen || !isOpen()) return;
          renewedAt = performance.now();
          try {
            message.working();
          } catch (thrown) {
            logger.debug({ reason: messageOf(thrown) }, 'NATS could not be told that the work goes on');
          }
        },
        async terminate(reason) {
          if (once.close()) await end(1, reason);
        },
      };
    },
    async giveBack(count) {
      delayMs ??= 0;
      await end(count);
    },
    async release() {
      if (!isOpen()) return;
      delayMs = 0;
      await settle();
    },
    async over() {
      for (;;) {
        const time = renewedAt + ackWaitMs - performance.now();
        if (!isOpen() || time <= 0) return;
        await sleep(time, undefined, { signal: ended.signal }).catch(() => {});
      }
    },
  };
}
