import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyError, fastify } from 'fastify';
import { ClearcutError, systemCodeOf } from '../errors.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Logger } from '../telemetry/logger.js';
import type { Api } from './api/register.js';
import type { LinkSigner } from './links.js';
import { registerObjectRoutes } from './object-routes.js';
import { NOTHING_HERE, problemOf, sendProblem } from './problem.js';
import { registerWebPage, type WebPageOptions } from './web-page.js';
import { registerWebhookRoute, type WebhookRouteOptions } from './webhook-route.js';

export interface ServerOptions {
  readonly store: ObjectStore;
  /** Checks links to objects; undefined where the store's own server does, and no object is served here. */
  readonly signer: LinkSigner | undefined;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly logger: Logger;
  /** The most bytes of one upload. */
  readonly maxUploadBytes: number;
  /** Whether the service can take work now; what else it says is shown at `/readyz`. */
  readonly ready: () => Readiness;
  /** Takes events at `/events`. Default: nothing is there. */
  readonly webhook?: WebhookRouteOptions | undefined;
  /** The HTTP API. Default: nothing is there. */
  readonly api?: Api | undefined;
  /** The web page, a client of the API. Default: nothing is there. */
  readonly webPage?: WebPageOptions | undefined;
  /** What `/metrics` answers. Default: nothing is there. */
  readonly metrics?: MetricsPage | undefined;
}

export interface MetricsPage {
  readonly contentType: string;
  render(): Promise<string>;
}

export interface Readiness {
  readonly ok: boolean;
  readonly [detail: string]: unknown;
}

export interface Server {
  /** Where it listens, such as `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Takes no more requests, lets those under way finish for 5 seconds, then cuts them off. */
  close(): Promise<void>;
}

/** Milliseconds without any traffic after which a connection is closed: longer than any call waits for news. */
const IDLE_TIMEOUT = 90_000;
/** Milliseconds for receiving one request: an upload of 64 MiB at 1 Mbit/s takes 9 minutes. */
const REQUEST_TIMEOUT = 15 * 60_000;
/** Milliseconds that requests under way may take to finish when the server closes. */
const CLOSE_GRACE = 5_000;

/**
 * Serves objects to whoever has a link, `/healthz`, `/readyz` and `/metrics`, takes events at `/events`, and has the HTTP API at
 * `/v1` and the web page at `/` and `/ui`. Those have one path segment and objects at least two (bucket and key), or a first
 * one that is too short for a bucket's name, so no bucket can hide them. Throws CONFIG_INVALID where it cannot listen, or
 * should not (see registerWebhookRoute).
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { store, signer, host, port, logger, maxUploadBytes, ready, webhook, metrics, api, webPage } =
    options;
  // Fastify's own log lines contain whole URLs, and with them signatures; the hooks below write lines without.
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    connectionTimeout: IDLE_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, problemOf(error)),
  });

  app.get('/healthz', async () => ({ ok: true }));
  app.get('/readyz', async (_request, reply) => {
    const readiness = ready();
    return reply.code(readiness.ok ? 200 : 503).send(readiness);
  });
  if (metrics !== undefined)
    app.get('/metrics', async (_request, reply) =>
      reply.header('content-type', metrics.contentType).send(await metrics.render()),
    );
  // Each in a scope of its own: what these routes do with bodies and headers is not for the others.
  if (signer !== undefined)
    app.register(async (scope) =>
      registerObjectRoutes(scope, { store, signer, maxUploadBytes, onStored: api?.stored }),
    );
  if (webhook !== undefined) app.register(async (scope) => registerWebhookRoute(scope, webhook, host));
  if (webPage !== undefined) app.register(async (scope) => registerWebPage(scope, webPage));
  if (api !== undefined) app.register(async (scope) => api.register(scope));

  app.setNotFoundHandler((_request, reply) => sendProblem(reply, NOTHING_HERE));
  app.setErrorHandler<FastifyError | ClearcutError>((error, request, reply) => {
    const problem = problemOf(error);
    // A client that went away in the middle of an upload is nobody's fault here.
    const level = problem.status >= 500 && !request.raw.destroyed ? 'error' : 'debug';
    logger[level]({ err: error, method: request.method, path: pathOf(request.raw.url) }, 'request failed');
    return sendProblem(reply, problem);
  });
  app.addHook('onResponse', async ({ method, raw }, { statusCode, elapsedTime }) => {
    const ms = Math.round(elapsedTime);
    logger.debug({ method, path: pathOf(raw.url), status: statusCode, ms }, 'request');
  });

  const destroyIdle = trackIdleConnections(app.server);
  try {
    const url = await app.listen({ host, port });
    return { url, close: () => closeWithin(app, CLOSE_GRACE, destroyIdle) };
  } catch (thrown) {
    await app.close();
    throw listenError(thrown, host, port);
  }
}

async function closeWithin(
  app: ReturnType<typeof fastify>,
  graceMs: number,
  destroyIdle: () => void,
): Promise<void> {
  const cutOff = setTimeout(() => app.server.closeAllConnections(), graceMs);
  try {
    const closed = app.close();
    destroyIdle();
    await closed;
  } finally {
    clearTimeout(cutOff);
  }
}

/**
 * Returns what destroys the connections without a request, now and from now on. Node's own closeIdleConnections
 * passes over those that never had one, and browsers open such in advance: they would hold up every shutdown for
 * the whole grace.
 */
function trackIdleConnections(server: HttpServer): () => void {
  const requests = new Map<Socket, number>();
  let closing = false;

  function change(socket: Socket, by: 1 | -1): void {
    const count = requests.get(socket);
    if (count === undefined) return;
    requests.set(socket, count + by);
    if (closing && count + by === 0) socket.destroySoon();
  }

  server.on('connection', (socket) => {
    if (closing) socket.destroy();
    requests.set(socket, 0);
    socket.once('close', () => requests.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    change(socket, 1);
    response.once('close', () => change(socket, -1));
  });
  return () => {
    closing = true;
    for (const [socket, count] of requests) if (count === 0) socket.destroy();
  };
}

/** The query holds the signature: whoever reads the log must not be able to use the link. */
function pathOf(url = ''): string {
  return url.split('?', 1)[0] ?? '';
}

export function listenError(
  thrown: unknown,
  host: string,
  port: number,
  setting = 'CLEARCUT_HTTP_PORT (0 takes a free one)',
): unknown {
  const otherPort = `Choose another port: ${setting}.`;
  switch (systemCodeOf(thrown)) {
    case 'EADDRINUSE':
      return refused(`Port ${port} is already in use.`, otherPort, thrown);
    case 'EACCES':
      return refused(`Port ${port} may not be used without special rights.`, otherPort, thrown);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return refused(`"${host}" is no address of this machine.`, 'Correct CLEARCUT_HTTP_HOST.', thrown);
    default:
      return thrown;
  }
}

function refused(message: string, remedy: string, cause: unknown): ClearcutError {
  return new ClearcutError('CONFIG_INVALID', message, { remedy, cause });
}
