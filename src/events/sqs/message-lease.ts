import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { messageOf } from '../../errors.js';
import type { Logger } from '../../telemetry/logger.js';
import { traceparentOf, traceparentOfXRay } from '../../telemetry/trace-context.js';
import { endOnce } from '../end-once.js';
import type { Delivery, ObjectEvent } from '../event-source.js';

export interface MessageLeaseOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** Received just now. */
  readonly message: Message;
  /** Seconds that the message stays hidden from other consumers after it was received, and after each extension. */
  readonly visibilitySeconds: number;
  readonly logger: Logger;
}

/**
 * Our hold on a message while its deliveries are worked on. Nothing here rejects: a call that fails is logged, and
 * then the queue hands the message out again when its time is over, as it does when the process dies.
 */
export interface MessageLease {
  /** How often the queue has handed the message out, this time included. */
  readonly attempt: number;
  /**
   * The delivery of one of the `total` events in the message. When all of them have ended the message is deleted, or
   * handed out again if one was nacked (after the shortest of their delays).
   */
  delivery(event: ObjectEvent, total: number, source: string): Delivery;
  remove(): Promise<void>;
  /** Hands the message out again after this many milliseconds, as far as the queue allows. */
  release(delayMs: number): Promise<void>;
  extend(): Promise<void>;
}

/** SQS hides a message for 12 hours at most, counted from when it was received. */
const MAX_VISIBILITY_SECONDS = 43_200;

/** What the queue answers about a message that is no longer ours: its time was over, or it was deleted. */
const LEASE_LOST = new Set(['ReceiptHandleIsInvalid', 'MessageNotInflight', 'InvalidParameterValue']);

export function leaseMessage(options: MessageLeaseOptions): MessageLease {
  const { client, queueUrl: QueueUrl, message, visibilitySeconds, logger } = options;
  const { ReceiptHandle, MessageId, Attributes } = message;
  const receivedAt = performance.now();
  const attempt = Number(Attributes?.ApproximateReceiveCount ?? 1);
  const traceparent =
    traceparentOf(message.MessageAttributes?.['traceparent']?.StringValue) ??
    traceparentOfXRay(Attributes?.AWSTraceHeader);
  let ended = 0;
  let shortestDelay: number | undefined;
  let extension = Promise.resolve();

  async function attemptTo(what: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      const reason = messageOf(error);
      if (error instanceof Error && LEASE_LOST.has(error.name))
        logger.debug({ messageId: MessageId, reason }, `cannot ${what}: the message is no longer ours`);
      else logger.warn({ messageId: MessageId, reason }, `cannot ${what}; the queue will hand it out again`);
    }
  }

  function hideFor(seconds: number): Promise<unknown> {
    const left = MAX_VISIBILITY_SECONDS - Math.ceil((performance.now() - receivedAt) / 1000);
    const VisibilityTimeout = Math.max(0, Math.min(seconds, left));
    return client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  }

  const remove = () =>
    attemptTo('delete the message', () => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })));
  async function release(delayMs: number): Promise<void> {
    // An extension that overtook it would hide the message again.
    await extension;
    await attemptTo('give the message back', () => hideFor(Math.ceil(delayMs / 1000)));
  }

  function extend(): Promise<void> {
    extension = attemptTo('extend the lease of the message', () => hideFor(visibilitySeconds));
    return extension;
  }

  async function end(total: number, delayMs?: number): Promise<void> {
    ended += 1;
    if (delayMs !== undefined) shortestDelay = Math.min(delayMs, shortestDelay ?? delayMs);
    if (ended < total) return;
    await (shortestDelay === undefined ? remove() : release(shortestDelay));
  }

  return {
    attempt,
    delivery(event, total, source) {
      const once = endOnce();
      return {
        event,
        source,
        attempt,
        traceparent,
        async ack() {
          if (once.close()) await end(total);
        },
        async nack(delayMs) {
          if (once.close()) await end(total, delayMs);
        },
        async extend() {
          if (once.isOpen) await extend();
        },
        async terminate(reason) {
          if (!once.close()) return;
          logger.debug({ bucket: event.bucket, key: event.key, reason }, 'event given up');
          await end(total);
        },
      };
    },
    remove,
    release,
    extend,
  };
}
