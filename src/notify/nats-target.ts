import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { messageOf } from '../errors.js';
import { type Connection, openConnection } from '../events/nats/connection.js';
import type { Logger } from '../telemetry/logger.js';
import { EVENT_CONTENT_TYPE, type OutcomeEvent } from './outcome-event.js';
import { type Answer, failed, SENT, type Target } from './target.js';

export interface NatsTargetOptions {
  /** See parseServers. */
  readonly servers: readonly string[];
  readonly credentials?: string | undefined;
  /** Subject of a JetStream stream, which must exist. */
  readonly subject: string;
  /** Milliseconds for one attempt. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/**
 * Events to a subject of NATS JetStream: sent once the stream says that it has stored them. The event's id is the
 * `Nats-Msg-Id`, so the server drops repetitions within the stream's duplicate window.
 */
export function createNatsTarget(options: NatsTargetOptions): Target {
  const { subject, timeoutMs, logger } = options;
  const closing = new AbortController();
  let connecting: Promise<Connection | undefined> | undefined;

  /** One connection for all, opened with the first event and made again for as long as it takes. */
  async function connected(signal: AbortSignal): Promise<Connection> {
    connecting ??= openConnection(options, closing.signal, () => {});
    const opening = connecting;
    opening.catch(() => {
      // Refused credentials may be accepted the next time.
      connecting = undefined;
    });
    const connection = await orAborted(opening, signal);
    if (connection === undefined) throw new Error('it is closed');
    await connection.ready(signal);
    return connection;
  }

  async function publish(event: OutcomeEvent, signal: AbortSignal): Promise<void> {
    const { nats } = await connected(signal);
    signal.throwIfAborted();
    const headers = natsHeaders();
    headers.set('content-type', EVENT_CONTENT_TYPE);
    if (event.traceparent !== undefined) headers.set('traceparent', event.traceparent);
    await orAborted(
      jetstream(nats).publish(subject, event.body, { msgID: event.id, headers, timeout: timeoutMs }),
      signal,
    );
  }

  return {
    name: 'nats',
    async send(event, signal): Promise<Answer> {
      const late = AbortSignal.timeout(timeoutMs);
      try {
        await publish(event, AbortSignal.any([signal, late]));
        return SENT;
      } catch (thrown) {
        signal.throwIfAborted();
        return failed(late.aborted ? `no answer within ${timeoutMs} ms` : messageOf(thrown));
      }
    },
    async check() {
      const { nats } = await connected(AbortSignal.timeout(timeoutMs));
      const manager = await jetstreamManager(nats, { checkAPI: false });
      const stream = await manager.streams.find(subject).catch(() => {
        throw new Error(`no JetStream stream takes the subject ${subject}`);
      });
      return `the stream ${stream} takes ${subject}`;
    },
    async close() {
      closing.abort();
      await (await connecting?.catch((error: unknown) => void logger.debug({ err: error })))?.close();
    },
  };
}

/** What the promise gives, unless the signal aborts first. */
function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
