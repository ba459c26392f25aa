import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Logger, pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createNatsSource, type NatsSource, type NatsSourceOptions } from '../../src/events/nats-source.js';
import { type Consumer, consume } from '../contracts/consumer.js';
import { minioNotification } from '../support/minio-notification.js';
import { until } from '../support/until.js';
import { type NatsServer, startNats } from './servers/nats.js';

export const BUCKET = 'uploads';
export const BYTES = Buffer.from('some bytes');

/** What the tests of the NATS source share: a server, a connection of the test's own, and sources on fresh streams. */
export interface NatsBench {
  readonly server: NatsServer;
  readonly nats: NatsConnection;
  /** Log lines of `warn` and above of `logger`, of this test. */
  readonly warnings: readonly Record<string, unknown>[];
  readonly logger: Logger;
  /** Options of a stream that no other test has. */
  freshOptions(more?: Partial<NatsSourceOptions>): NatsSourceOptions;
  /** A source that is closed after the test. */
  create(options: NatsSourceOptions): NatsSource;
  /** A consumer that leaves after the test. */
  consume(source: NatsSource): Consumer;
  /** A source with a consumer; resolves when its stream is in place or the server could not be reached. */
  start(options: NatsSourceOptions): Promise<{ source: NatsSource; consumer: Consumer }>;
  /** Publishes, and waits for the server's word that it is stored. */
  publish(subject: string, body: string): Promise<void>;
  publishObject(subject: string, key: string, bytes?: Uint8Array): Promise<void>;
  /** Messages in the stream that are neither acked nor terminated. */
  pendingOf(options: NatsSourceOptions): Promise<number>;
  /** Resolves when the test's own connection is there. */
  reconnected(): Promise<void>;
}

/** To be called in a `describe`; what it returns can be used in its tests. */
export function benchForNats(): NatsBench {
  let server: NatsServer;
  let nats: NatsConnection;
  let count = 0;
  const warnings: Array<Record<string, unknown>> = [];
  const cleanUp: Array<() => Promise<unknown>> = [];

  beforeAll(async () => {
    server = await startNats();
    nats = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  });

  afterAll(async () => {
    await nats?.close();
    await server?.stop();
  });

  beforeEach(() => {
    warnings.length = 0;
  });

  afterEach(async () => {
    for (const clean of cleanUp.splice(0).reverse()) await clean();
  });

  const bench: NatsBench = {
    get server() {
      return server;
    },
    get nats() {
      return nats;
    },
    warnings,
    logger: pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line)) }),
    freshOptions(more = {}) {
      count += 1;
      return {
        servers: [server.url],
        subject: `test.events.${count}`,
        stream: `TEST_${count}`,
        consumer: 'clearcut',
        logger: pino({ level: 'silent' }),
        ...more,
      };
    },
    create(options) {
      const source = createNatsSource(options);
      cleanUp.push(() => source.close());
      return source;
    },
    consume(source) {
      const consumer = consume(source);
      cleanUp.push(() => consumer.stop());
      return consumer;
    },
    async start(options) {
      const source = bench.create(options);
      const consumer = bench.consume(source);
      await source.started;
      return { source, consumer };
    },
    async publish(subject, body) {
      await jetstream(nats).publish(subject, body);
    },
    publishObject: (subject, key, bytes = BYTES) =>
      bench.publish(subject, minioNotification(BUCKET, key, bytes)),
    async pendingOf({ stream }) {
      const { state } = await (await jetstreamManager(nats)).streams.info(stream);
      return state.messages;
    },
    reconnected: () =>
      until(() =>
        nats.flush().then(
          () => true,
          () => false,
        ),
      ),
  };
  return bench;
}
