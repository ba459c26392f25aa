import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import { ClearcutError, messageOf, toClearcutError } from '../errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Delivery, EventSource, ObjectEvent } from './event-source.js';
import { backlogOf } from './nats/backlog.js';
import { type Connection, openConnection } from './nats/connection.js';
import { type DurableConsumer, openDurableConsumer } from './nats/durable-consumer.js';
import { leaseMessage, type MessageLease } from './nats/message-lease.js';
import { parseS3Events } from './s3-events.js';

export interface NatsSourceOptions {
  /** Addresses of the servers of one cluster: `nats://HOST:4222`, `tls://HOST`, `nats://USER:PASSWORD@HOST`. */
  readonly servers: readonly string[];
  /** Subject that the events are published to. */
  readonly subject: string;
  /** JetStream stream that holds the events; made where it does not exist. */
  readonly stream: string;
  /** Durable consumer that all workers share; made where it does not exist. */
  readonly consumer: string;
  /** File with a user's JWT and seed. Default: none. */
  readonly credentials?: string | undefined;
  /**
   * Milliseconds without a sign of life after which an event is handed out again; several times the pause between two
   * calls of `extend`. Of a consumer that exists, its own setting counts. Default: 30,000.
   */
  readonly ackWaitMs?: number;
  readonly logger: Logger;
}

export interface NatsSource extends EventSource {
  /**
   * Resolves when stream and consumer are in place, or could not be put in place at the first attempt: what was
   * created before is for a sweep to find, so let the first one begin after this. Never rejects.
   */
  readonly started: Promise<void>;
  /**
   * Hands everything that is still in flight back at once, so that other workers need not wait, and closes all
   * connections. Call it after the consumers have left.
   */
  close(): Promise<void>;
}

const NAME = 'nats';

/** Milliseconds that the server holds a request for the next message; a new one follows. */
const PULL_EXPIRES = 30_000;
const RETRY_PAUSE = 1_000;

/**
 * S3 events from a subject of NATS JetStream, such as MinIO's NATS target publishes. Any number of processes share
 * one durable consumer; the server hands each message to one of them at a time. One message is taken when the
 * consumer asks for one.
 *
 * A server that is away is waited for, at the start as well as later. The iteration throws CONFIG_INVALID where
 * waiting cannot help: wrong credentials, a stream without the subject, a consumer of another kind.
 *
 * After an abort the deliveries that were handed out can still be ended, so that a service may drain; the connection
 * closes when they have ended or their ack wait is over. A message that crosses the abort on the wire comes again
 * after its ack wait.
 *
 * A message that is not an S3 event is logged and terminated: there is no better outcome for it.
 */
export function createNatsSource(options: NatsSourceOptions): NatsSource {
  const { ackWaitMs = 30_000, logger } = options;
  const leases = new Set<MessageLease>();
  const closings = new Set<Promise<void>>();
  let current: Connection | undefined;
  let markStarted = () => {};
  const started = new Promise<void>((resolve) => {
    markStarted = resolve;
  });

  async function* deliveries(signal: AbortSignal): AsyncGenerator<Delivery, void, undefined> {
    try {
      const connection = await openConnection(options, signal, markStarted);
      if (connection === undefined) return;
      current = connection;
      const own = new Set<MessageLease>();
      try {
        for await (const { message, ackWaitMs } of messages(connection, signal)) {
          yield* handOut(message, ackWaitMs, own, signal);
        }
      } finally {
        const closing = closeWhenOver(connection, own);
        closings.add(closing);
        const forget = closing.finally(() => closings.delete(closing));
        // With nothing in flight, everything is free when the iteration ends.
        if (own.size === 0) await forget;
      }
    } finally {
      markStarted();
    }
  }

  async function* messages(connection: Connection, signal: AbortSignal) {
    let durable: DurableConsumer | undefined;
    for (let reported = ''; !signal.aborted; ) {
      try {
        durable ??= await open(connection);
        const message = await pull(durable, [signal, connection.lost()]);
        reported = '';
        if (message !== undefined && signal.aborted) message.nak();
        else if (message !== undefined) yield { message, ackWaitMs: durable.ackWaitMs };
      } catch (thrown) {
        const error = toClearcutError(thrown, 'EVENT_SOURCE_UNAVAILABLE');
        if (error.code === 'CONFIG_INVALID' || connection.nats.isClosed()) throw error;
        const isNews = error.message !== reported && !connection.lost().aborted && !signal.aborted;
        if (isNews) logger.warn({ err: error }, 'cannot take events from NATS; trying again');
        if (isNews) reported = error.message;
        markStarted();
        await sleep(RETRY_PAUSE, undefined, { signal }).catch(() => {});
        durable = undefined;
      }
      // After a loss it may be another server, or one that has lost its data.
      if (connection.lost().aborted) durable = undefined;
      await connection.ready(signal);
    }
  }

  async function open(connection: Connection): Promise<DurableConsumer> {
    const durable = await openDurableConsumer(connection.nats, { ...options, ackWaitMs });
    const { maxDeliver } = durable;
    if (maxDeliver !== undefined) {
      const remedy = 'Set its max_deliver to -1: when to give up is decided by CLEARCUT_MAX_ATTEMPTS.';
      logger.warn({ maxDeliver, remedy }, 'the NATS consumer drops events after a number of attempts');
    }
    markStarted();
    return durable;
  }

  async function* handOut(
    message: JsMsg,
    waitMs: number,
    own: Set<MessageLease>,
    signal: AbortSignal,
  ): AsyncGenerator<Delivery, void, undefined> {
    const events = read(message);
    if (events.length === 0) return;
    const lease = leaseMessage({ message, total: events.length, ackWaitMs: waitMs, source: NAME, logger });
    for (const set of [own, leases]) set.add(lease);
    void lease.over().then(() => {
      for (const set of [own, leases]) set.delete(lease);
    });
    let left = events.length;
    try {
      for (const event of events) {
        if (signal.aborted) break;
        left -= 1;
        yield lease.delivery(event);
      }
    } finally {
      if (left > 0) await lease.giveBack(left);
    }
  }

  /** The events of the message. If there are none, the message is dealt with. */
  function read(message: JsMsg): readonly ObjectEvent[] {
    try {
      const events = parseS3Events(message.string(), { keys: 'query-escaped' });
      if (events.length === 0) message.ack();
      return events;
    } catch (error) {
      if (!(error instanceof ClearcutError)) throw error;
      const body = Buffer.from(message.data.subarray(0, 500)).toString();
      const details = { err: error, subject: message.subject, sequence: message.seq, body };
      logger.error(details, 'a message in the NATS stream is not an S3 event; it was removed');
      message.term(messageOf(error));
      return [];
    }
  }

  return {
    name: NAME,
    deliveries,
    async backlog() {
      if (current !== undefined && !current.nats.isClosed()) return backlogOf(current.nats, options);
      throw new ClearcutError('EVENT_SOURCE_UNAVAILABLE', 'There is no connection to NATS.');
    },
    started,
    async close() {
      await Promise.all([...leases].map((lease) => lease.release()));
      await Promise.all(closings);
    },
  };
}

/** The next message; undefined when none came in time, or when one of the signals aborts. */
async function pull(
  { consumer }: DurableConsumer,
  signals: readonly AbortSignal[],
): Promise<JsMsg | undefined> {
  const messages = await consumer.fetch({ max_messages: 1, expires: PULL_EXPIRES, bind: true });
  const close = () => void messages.close();
  for (const signal of signals) signal.addEventListener('abort', close);
  if (signals.some(({ aborted }) => aborted)) close();
  try {
    for await (const message of messages) return message;
    return undefined;
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', close);
  }
}

async function closeWhenOver(connection: Connection, leases: ReadonlySet<MessageLease>): Promise<void> {
  await Promise.all([...leases].map((lease) => lease.over()));
  await connection.close();
}
