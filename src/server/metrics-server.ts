import { fastify } from 'fastify';
import type { Server } from './server.js';
import { listenError, type MetricsPage } from './server.js';

/** Serves `/metrics` and nothing else. Throws CONFIG_INVALID where it cannot listen. */
export async function startMetricsServer(metrics: MetricsPage, host: string, port: number): Promise<Server> {
  const app = fastify({ logger: false });
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.render()),
  );
  try {
    const url = await app.listen({ host, port });
    return { url, close: () => app.close() };
  } catch (thrown) {
    await app.close();
    throw listenError(thrown, host, port, 'CLEARCUT_METRICS_PORT');
  }
}
