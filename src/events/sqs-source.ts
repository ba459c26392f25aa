import {
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import pRetry from 'p-retry';
import { ClearcutError } from '../errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Backlog, Delivery, EventSource, ObjectEvent } from './event-source.js';
import { parseS3Events } from './s3-events.js';
import { type HeldMessage, handOut } from './sqs/hand-out.js';
import { leaseMessage, type MessageLease } from './sqs/message-lease.js';
import { explainQueueError } from './sqs/queue-errors.js';

export interface SqsSourceOptions {
  readonly queueUrl: string;
  /** Address of the SQS server. Default: the host of `queueUrl`. */
  readonly endpoint?: string;
  readonly region: string;
  /** Default: the AWS SDK's own search (environment, profile, role of the machine). */
  readonly credentials?: NonNullable<SQSClientConfig['credentials']>;
  /**
   * Milliseconds, 1,000 to 43,200,000, that a message stays hidden from other consumers unless it is extended:
   * several times the pause between two calls of `extend`. Default: 60,000.
   */
  readonly visibilityTimeoutMs?: number;
  /** Seconds, 1 to 20, that the queue may hold back an empty answer. Default: 20. */
  readonly waitSeconds?: number;
  /**
   * Messages, 1 to 10, that are received at once. Up to one less than this many wait in the process while other
   * processes may be idle: choose fewer where an image takes long and the processes are many, more for fewer calls.
   * Default: 10.
   */
  readonly batchSize?: number;
  readonly logger: Logger;
}

const NAME = 'sqs';

const CONNECTION_TIMEOUT = 5_000;
/** What an answer may take beyond the time that the queue holds it back. */
const ANSWER_TIMEOUT = 15_000;

const RETRY_MIN = 1_000;
const RETRY_MAX = 30_000;

/** A message that is not understood comes again after this, and after twice as long each further time. */
const UNREADABLE_PAUSE = 60_000;
const UNREADABLE_PAUSE_MAX = 12 * 3_600_000;

/**
 * S3 events from an SQS queue: direct, by way of SNS, or from EventBridge. An event that was taken can be ended after
 * the consumer has left, so that a service may drain.
 *
 * Messages are received in batches, and the next batch only when the consumer asks and everything of the last one was
 * handed out: beyond what is in flight, a process holds one batch at most. What waits keeps its lease and is given back
 * at once when the consumer leaves, or when its lease is over if the process dies or an answer crosses the abort on
 * the wire. SQS counts every receive as an attempt, also of a message that was given back without being handed out.
 *
 * If the queue cannot be read at the first attempt, the iteration throws a ClearcutError (CONFIG_INVALID or
 * EVENT_SOURCE_UNAVAILABLE); whatever happens later is logged and tried again.
 *
 * A message that is not an S3 event is never deleted, because it may be somebody else's: it is given back with a
 * growing delay, until the redrive policy of the queue or its retention period takes it away.
 */
export function createSqsSource(options: SqsSourceOptions): EventSource {
  const { queueUrl, endpoint, region, credentials, logger } = options;
  const { visibilityTimeoutMs = 60_000, waitSeconds = 20, batchSize = 10 } = options;
  const visibilitySeconds = Math.ceil(visibilityTimeoutMs / 1000);
  const client = new SQSClient({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECTION_TIMEOUT,
      requestTimeout: waitSeconds * 1000 + ANSWER_TIMEOUT,
      throwOnRequestTimeout: true,
    }),
  });
  let reached = false;

  async function* deliveries(signal: AbortSignal): AsyncGenerator<Delivery, void, undefined> {
    while (!signal.aborted) {
      const messages = await receive(signal);
      yield* handOut(messages.map(hold), { source: NAME, beatMs: visibilityTimeoutMs / 3, signal });
    }
  }

  /** The next messages; none when none came in time, or on abort. */
  async function receive(signal: AbortSignal): Promise<readonly Message[]> {
    let messages: readonly Message[] = [];
    // The result goes around pRetry, which drops what arrives together with the abort: it is to be given back.
    const receiving = async () => {
      messages = await receiveOnce(signal);
    };
    try {
      await pRetry(receiving, {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: RETRY_MIN,
        maxTimeout: RETRY_MAX,
        randomize: true,
        signal,
        shouldRetry: () => reached,
        onFailedAttempt({ error, attemptNumber }) {
          if (reached && !signal.aborted)
            logger.warn({ err: error, attempt: attemptNumber }, 'cannot receive events; trying again');
        },
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return messages;
  }

  async function receiveOnce(signal: AbortSignal): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: batchSize,
      // The first answer is wanted at once: it shows that the queue can be read.
      WaitTimeSeconds: reached ? waitSeconds : 0,
      VisibilityTimeout: visibilitySeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'AWSTraceHeader'],
      MessageAttributeNames: ['traceparent'],
    });
    try {
      const { Messages = [] } = await client.send(command, { abortSignal: signal });
      reached = true;
      return Messages;
    } catch (thrown) {
      throw explainQueueError(thrown, queueUrl);
    }
  }

  function hold(message: Message): HeldMessage {
    const lease = leaseMessage({ client, queueUrl, message, visibilitySeconds, logger });
    return { lease, events: read(message, lease) };
  }

  /**
   * The events of the message. If there are none, the message is dealt with; this is not waited for, because the
   * leases of the others in the batch are running.
   */
  function read(message: Message, lease: MessageLease): readonly ObjectEvent[] {
    try {
      const events = parseS3Events(message.Body ?? '', { keys: 'query-escaped' });
      if (events.length === 0) void lease.remove();
      return events;
    } catch (error) {
      if (!(error instanceof ClearcutError)) throw error;
      const delayMs = Math.min(UNREADABLE_PAUSE_MAX, UNREADABLE_PAUSE * 2 ** (lease.attempt - 1));
      const { MessageId: messageId, Body: body = '' } = message;
      logger.error(
        { err: error, messageId, body: body.slice(0, 500), delayMs },
        'a message in the queue is not an S3 event; it was given back',
      );
      void lease.release(delayMs);
      return [];
    }
  }

  async function backlog(): Promise<Backlog> {
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    // How long the oldest has waited only CloudWatch knows.
    return { waiting: Number(Attributes?.ApproximateNumberOfMessages ?? 0) };
  }

  return { name: NAME, deliveries, backlog };
}
