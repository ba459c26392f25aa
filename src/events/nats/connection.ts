import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AuthorizationError,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { ClearcutError, messageOf } from '../../errors.js';
import type { Logger } from '../../telemetry/logger.js';
import { parseServers } from './servers.js';

export interface ConnectionOptions {
  /** See parseServers. */
  readonly servers: readonly string[];
  /** File with a user's JWT and seed, as `nsc` and `nats` write it. */
  readonly credentials?: string | undefined;
  readonly logger: Logger;
}

/** A connection that is made again for as long as it takes. */
export interface Connection {
  readonly nats: NatsConnection;
  /** Aborts when the connection is lost; after that there is another one. */
  lost(): AbortSignal;
  /** Resolves when the connection is there (again), or when `signal` aborts. */
  ready(signal: AbortSignal): Promise<void>;
  /** Sends what is still to be sent, if the server is there, and closes. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT = 5_000;
const RETRY_PAUSE = 1_000;
/** A server that went away without a word is noticed after two of these. */
const PING_INTERVAL = 20_000;
/** What is sent at the end may take this long. */
const FLUSH_TIMEOUT = 2_000;

/**
 * Connects, however long the servers are away; undefined on abort. Each loss is logged once, and each return.
 * `onFailure` is called when an attempt has failed. Throws CONFIG_INVALID where the server refuses the credentials.
 */
export async function openConnection(
  options: ConnectionOptions,
  signal: AbortSignal,
  onFailure: () => void,
): Promise<Connection | undefined> {
  const { logger } = options;
  const natsOptions = await connectionOptionsOf(options);
  for (let reported = false; !signal.aborted; ) {
    try {
      return superviseConnection(await connect(natsOptions), logger);
    } catch (thrown) {
      if (thrown instanceof AuthorizationError) throw refused(thrown);
      const error = unreachable(thrown);
      if (!reported) logger.warn({ err: error }, 'cannot reach NATS; trying again until it answers');
      reported = true;
      onFailure();
      await sleep(RETRY_PAUSE, undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}

async function connectionOptionsOf({ servers, credentials }: ConnectionOptions) {
  return {
    ...parseServers(servers),
    ...(credentials !== undefined && {
      authenticator: credsAuthenticator(await readCredentials(credentials)),
    }),
    name: 'clearcut',
    timeout: CONNECT_TIMEOUT,
    pingInterval: PING_INTERVAL,
    reconnectTimeWait: RETRY_PAUSE,
    maxReconnectAttempts: -1,
    // Credentials that were accepted once may be refused while the servers' own accounts are being loaded.
    ignoreAuthErrorAbort: true,
  } satisfies NodeConnectionOptions;
}

async function readCredentials(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const message = `The NATS credentials cannot be read: ${messageOf(cause)}`;
    throw new ClearcutError('CONFIG_INVALID', message, {
      remedy: 'Correct CLEARCUT_NATS_CREDENTIALS.',
      cause,
    });
  }
}

function superviseConnection(nats: NatsConnection, logger: Logger): Connection {
  let isUp = true;
  let loss = new AbortController();
  const waiting = new Set<() => void>();

  async function watch(): Promise<void> {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect' && isUp) {
        isUp = false;
        loss.abort();
        if (!nats.isClosed()) logger.warn('the connection to NATS is lost; trying again until it is back');
      } else if (status.type === 'reconnect') {
        isUp = true;
        loss = new AbortController();
        logger.info('the connection to NATS is back');
        for (const resolve of waiting) resolve();
      } else if (status.type === 'error') {
        logger.warn({ reason: status.error.message }, 'NATS reports an error');
      }
    }
  }
  void watch();

  return {
    nats,
    lost: () => loss.signal,
    ready(signal) {
      if (isUp || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const done = () => {
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        waiting.add(done);
        signal.addEventListener('abort', done);
      });
    },
    async close() {
      const flushed = isUp && !nats.isClosed() ? nats.flush().catch(() => {}) : undefined;
      await Promise.race([flushed, sleep(FLUSH_TIMEOUT, undefined, { ref: false })]);
      await nats.close();
    },
  };
}

function refused(cause: AuthorizationError): ClearcutError {
  return new ClearcutError('CONFIG_INVALID', `NATS refuses the credentials: ${cause.message}`, {
    remedy: 'Correct CLEARCUT_NATS_CREDENTIALS, or the user and password in CLEARCUT_NATS_URL.',
    cause,
  });
}

function unreachable(cause: unknown): ClearcutError {
  const message = `NATS cannot be reached: ${messageOf(cause)}`;
  return new ClearcutError('EVENT_SOURCE_UNAVAILABLE', message, {
    remedy: 'Start the NATS server, or correct CLEARCUT_NATS_URL.',
    cause,
  });
}
