import { JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../../config/schema.js';
import { ClearcutError, messageOf, toClearcutError } from '../../errors.js';
import { openConnection } from '../../events/nats/connection.js';
import { openDurableConsumer } from '../../events/nats/durable-consumer.js';
import { createLogger } from '../../telemetry/logger.js';
import { natsServersOf } from '../event-settings.js';
import type { Plan, Step } from './step.js';

/** As the source has it. */
const ACK_WAIT = 30_000;

/** The stream that MinIO publishes to, which has to be there before the first event, and the consumer of the workers. */
export function natsStreamStep(config: Config): Step {
  const { natsStream: stream, natsSubject: subject, natsConsumer: consumer } = config.events;
  return {
    name: `NATS stream ${stream}`,
    async plan(): Promise<Plan> {
      const waiting = await countWaiting(config);
      const detail = `${subject} for the consumer ${consumer}`;
      if (waiting !== undefined) return { state: 'unchanged', detail };
      const apply = () =>
        withNats(config, async (nats) => {
          await openDurableConsumer(nats, { stream, subject, consumer, ackWaitMs: ACK_WAIT });
        });
      return { state: 'missing', detail, apply };
    },
  };
}

/**
 * Messages that the consumer has not been given yet; undefined where the stream or the consumer is still to be made.
 * Throws EVENT_SOURCE_UNAVAILABLE, or CONFIG_INVALID where the credentials are refused.
 */
export function countWaiting(config: Config): Promise<number | undefined> {
  const { natsStream, natsConsumer } = config.events;
  return withNats(config, async (nats) => {
    const manager = await jetstreamManager(nats, { checkAPI: false });
    try {
      return (await manager.consumers.info(natsStream, natsConsumer)).num_pending;
    } catch (thrown) {
      const absent: number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
      if (thrown instanceof JetStreamApiError && absent.includes(thrown.code)) return undefined;
      throw new ClearcutError(
        'EVENT_SOURCE_UNAVAILABLE',
        `NATS has no JetStream for us: ${messageOf(thrown)}`,
        {
          remedy: 'Start the server with JetStream (-js), or let the user use it.',
          cause: thrown,
        },
      );
    }
  });
}

/** Connects once: nobody waits at a terminal for a server to come up. */
async function withNats<Result>(
  config: Config,
  use: (nats: NatsConnection) => Promise<Result>,
): Promise<Result> {
  const { natsCredentials } = config.events;
  const failed = new AbortController();
  const connection = await openConnection(
    {
      servers: natsServersOf(config),
      credentials: natsCredentials || undefined,
      logger: createLogger({ level: 'silent', format: 'json' }),
    },
    failed.signal,
    () => failed.abort(),
  );
  if (connection === undefined) {
    throw new ClearcutError('EVENT_SOURCE_UNAVAILABLE', 'NATS cannot be reached.', {
      remedy: 'Start the NATS server, or correct CLEARCUT_NATS_URL.',
    });
  }
  try {
    return await use(connection.nats);
  } catch (thrown) {
    throw toClearcutError(thrown, 'EVENT_SOURCE_UNAVAILABLE');
  } finally {
    await connection.close();
  }
}
