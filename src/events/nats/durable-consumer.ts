import {
  AckPolicy,
  type Consumer,
  type ConsumerInfo,
  DeliverPolicy,
  DiscardPolicy,
  isPullConsumer,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { millis, type NatsConnection, nanos } from '@nats-io/transport-node';
import { ClearcutError, messageOf } from '../../errors.js';

export interface DurableConsumerOptions {
  readonly stream: string;
  readonly subject: string;
  readonly consumer: string;
  /** Milliseconds; of a consumer that is made here. */
  readonly ackWaitMs: number;
}

export interface DurableConsumer {
  readonly consumer: Consumer;
  /** Milliseconds after which a message that was neither ended nor extended is handed out again. */
  readonly ackWaitMs: number;
  /** Times that the server hands out a message, at most; undefined for no limit. */
  readonly maxDeliver: number | undefined;
}

/** Milliseconds in which a message with a `Nats-Msg-Id` that was seen before is dropped. MinIO sends no such ids. */
const DUPLICATE_WINDOW = 2 * 60_000;

/** Messages of all workers together that are worked on or wait for another attempt; then the server holds back. */
const MAX_ACK_PENDING = 10_000;

/** What the client throws for names that no stream, subject or consumer can have. */
const INVALID_NAMES = new Set(['InvalidNameError', 'InvalidArgumentError', 'InvalidSubjectError']);

/**
 * Makes what is missing of the stream and the durable pull consumer that all workers share. What is there stays as
 * it is, so that replicas and limits can be chosen by whoever runs the server; only the subject and the kind of the
 * consumer are checked. Throws CONFIG_INVALID where waiting cannot help, EVENT_SOURCE_UNAVAILABLE where it may.
 */
export async function openDurableConsumer(
  nats: NatsConnection,
  options: DurableConsumerOptions,
): Promise<DurableConsumer> {
  // The server accepts such a subject, but nobody can publish to it.
  if (!/^\S+$/.test(options.subject)) throw notAccepted(options, 'the subject is empty or has a space in it');
  try {
    const manager = await jetstreamManager(nats, { checkAPI: false });
    await ensureStream(manager, options);
    const info = await ensureConsumer(manager, options);
    check(info, options);
    const consumer = jetstream(nats).consumers.getConsumerFromInfo(info);
    if (!isPullConsumer(consumer)) throw unusable(options, 'messages are pushed to it');
    const { ack_wait = nanos(options.ackWaitMs), max_deliver = -1 } = info.config;
    return {
      consumer,
      ackWaitMs: millis(ack_wait),
      maxDeliver: max_deliver > 0 ? max_deliver : undefined,
    };
  } catch (thrown) {
    throw explain(thrown, options);
  }
}

async function ensureStream(manager: JetStreamManager, options: DurableConsumerOptions): Promise<void> {
  const { stream, subject } = options;
  try {
    const { config } = await manager.streams.info(stream);
    // One that takes its messages from other streams has no subjects of its own.
    if (config.subjects === undefined || config.subjects.length === 0) return;
    for await (const name of manager.streams.names(subject)) if (name === stream) return;
    throw notAccepted(options, `the stream has other subjects (${config.subjects.join(', ')})`);
  } catch (thrown) {
    if (!isApiError(thrown, JetStreamApiCodes.StreamNotFound)) throw thrown;
    await manager.streams.add({
      name: stream,
      subjects: [subject],
      storage: StorageType.File,
      // A message is kept until it is acked or terminated, however long that takes, and then removed: nothing has to
      // be limited by age or size. Kept also while there is no consumer, unlike with `interest`. And no second
      // consumer of the subject is accepted, which would process everything twice.
      retention: RetentionPolicy.Workqueue,
      // On a full server a sender is refused and tries again; dropping the oldest would lose what was accepted.
      discard: DiscardPolicy.New,
      duplicate_window: nanos(DUPLICATE_WINDOW),
    });
  }
}

async function ensureConsumer(manager: JetStreamManager, options: DurableConsumerOptions) {
  const { stream, subject, consumer, ackWaitMs } = options;
  try {
    return await manager.consumers.info(stream, consumer);
  } catch (thrown) {
    if (!isApiError(thrown, JetStreamApiCodes.ConsumerNotFound)) throw thrown;
    return await manager.consumers.add(stream, {
      durable_name: consumer,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: MAX_ACK_PENDING,
      // When to give up is decided by the retry policy, which then stores a dead letter.
      max_deliver: -1,
    });
  }
}

function isApiError(thrown: unknown, code: number): boolean {
  return thrown instanceof JetStreamApiError && thrown.code === code;
}

function check({ config }: ConsumerInfo, options: DurableConsumerOptions): void {
  if (config.ack_policy !== AckPolicy.Explicit) throw unusable(options, 'its ack policy is not "explicit"');
  const { filter_subject, filter_subjects = filter_subject === undefined ? [] : [filter_subject] } = config;
  if (filter_subjects.length > 0 && !filter_subjects.includes(options.subject)) {
    throw unusable(options, `it reads ${filter_subjects.join(', ')} instead of ${options.subject}`);
  }
}

function unusable({ stream, consumer }: DurableConsumerOptions, reason: string): ClearcutError {
  const message = `The consumer ${consumer} of the NATS stream ${stream} cannot be used: ${reason}.`;
  return new ClearcutError('CONFIG_INVALID', message, {
    remedy: 'Name another one with CLEARCUT_NATS_CONSUMER, or delete it: it is made anew.',
  });
}

function explain(thrown: unknown, options: DurableConsumerOptions): ClearcutError {
  if (thrown instanceof ClearcutError) return thrown;
  const isRefusal = thrown instanceof JetStreamApiError && thrown.status === 400;
  if (isRefusal || (thrown instanceof Error && INVALID_NAMES.has(thrown.name))) {
    return notAccepted(options, messageOf(thrown), thrown);
  }
  const { stream, subject } = options;
  const message = `NATS gives no access to ${subject} in the stream ${stream}: ${messageOf(thrown)}`;
  return new ClearcutError('EVENT_SOURCE_UNAVAILABLE', message, {
    remedy: 'Check that JetStream is enabled on the server and that the user may use it.',
    cause: thrown,
  });
}

function notAccepted(
  { stream, subject, consumer }: DurableConsumerOptions,
  reason: string,
  cause?: unknown,
): ClearcutError {
  const what = `the subject "${subject}" in the stream "${stream}" with the consumer "${consumer}"`;
  return new ClearcutError('CONFIG_INVALID', `NATS cannot serve ${what}: ${reason}.`, {
    remedy: 'Correct CLEARCUT_NATS_SUBJECT, CLEARCUT_NATS_STREAM or CLEARCUT_NATS_CONSUMER.',
    cause,
  });
}
