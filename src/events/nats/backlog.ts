import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Backlog } from '../event-source.js';

/** What the consumer was not given yet, and since when the oldest message of its stream waits (or is worked on). */
export async function backlogOf(
  nats: NatsConnection,
  { stream, consumer }: { readonly stream: string; readonly consumer: string },
): Promise<Backlog> {
  const manager = await jetstreamManager(nats, { checkAPI: false });
  const [{ num_pending: waiting }, { state }] = await Promise.all([
    manager.consumers.info(stream, consumer),
    manager.streams.info(stream),
  ]);
  const oldest = Date.parse(String(state.first_ts));
  return { waiting, oldestMs: waiting === 0 || Number.isNaN(oldest) ? 0 : Math.max(0, Date.now() - oldest) };
}
