import type { IncomingMessage, ServerResponse } from 'node:http';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawServerDefault,
} from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { ClearcutError } from '../../errors.js';
import { NOTHING_HERE, sendProblem } from '../problem.js';
import { createGuard } from './access.js';
import type { ApiAccess, ApiContext } from './context.js';
import { serveOpenApi } from './openapi.js';
import { withOtherMethods } from './other-methods.js';
import { apiProblemOf, RETRY_AFTER } from './problems.js';
import { registerBatches } from './routes/batches.js';
import { registerDeadLetters } from './routes/dead-letters.js';
import { registerLinks } from './routes/links.js';
import { registerObjects } from './routes/objects.js';
import { registerRemove } from './routes/remove.js';
import { registerUploads } from './routes/uploads.js';
import { registerZip } from './routes/zip.js';
import { type ApiServices, createApiServices } from './services.js';

/** What routes of the API are registered on: their schemas are of zod, and say the types of requests and answers. */
export type ApiScopeInstance = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** The HTTP API of this process. */
export interface Api {
  /** Registers `/v1` and `/openapi.json`. To be given a scope of its own: its headers and errors are not for others. */
  register(app: FastifyInstance): Promise<void>;
  /** An upload came through the link of an object. */
  stored(bucket: string, key: string, etag: string): void;
  /** Something may have happened to the input with this key. */
  touch(key: string): void;
}

/** Bytes of a body that is JSON. */
const MAX_JSON_BYTES = 1024 * 1024;

/** Milliseconds. */
const RATE_WINDOW = 60_000;

type CallOfRoute = [request: FastifyRequest, reply: FastifyReply];

export function createApi(context: ApiContext, access: ApiAccess): Api {
  const services = createApiServices(context);
  return {
    async register(app) {
      await serveOpenApi(app);
      await app.register(async (scope) => registerV1(scope, services, access), { prefix: '/v1' });
      // Streams never end by themselves, and the server waits for all answers.
      app.addHook('preClose', async () => services.watchers.close());
      app.addHook('onClose', services.idle);
    },
    stored(bucket, key, etag) {
      if (bucket !== context.inputBucket || !context.areas.isUpload(key)) return;
      context.nudge(key, etag);
      services.touch(key);
    },
    touch: services.touch,
  };
}

async function registerV1(scope: FastifyInstance, services: ApiServices, access: ApiAccess): Promise<void> {
  const { logger } = services.context;
  const guard = createGuard(access);
  const api = scope.withTypeProvider<ZodTypeProvider>();
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);

  // Before all others, so that the answers of those who refuse carry the headers too.
  await api.register(helmet, {
    // Whoever ends TLS knows whether that is for ever; this server does not.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    crossOriginResourcePolicy: { policy: access.corsOrigins.length > 0 ? 'cross-origin' : 'same-origin' },
  });
  await api.register(cors, {
    origin: [...access.corsOrigins],
    methods: ['GET', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'last-event-id', 'prefer'],
    exposedHeaders: [
      'location',
      'retry-after',
      'clearcut-key',
      'clearcut-verdict',
      'clearcut-confidence',
      'preference-applied',
    ],
    maxAge: 86_400,
    strictPreflight: false,
  });
  if (access.rateLimit > 0) {
    await api.register(rateLimit, {
      max: access.rateLimit,
      timeWindow: RATE_WINDOW,
      keyGenerator: (request) => guard.nameOf(request) ?? normalizeIP(request.ip),
      errorResponseBuilder: (_request, { after }) =>
        new ClearcutError('RATE_LIMITED', `Too many requests; the next one is taken in ${after}.`),
    });
  }
  api.addHook('onRequest', async (_request, reply) => {
    // Answers hold links, which are for the caller alone.
    reply.header('cache-control', 'no-store');
  });
  api.addHook('onRoute', (route) => {
    route.bodyLimit ??= MAX_JSON_BYTES;
    // Behind that of the rate limit, so that guesses are counted.
    route.onRequest = [route.onRequest ?? [], async (...call: CallOfRoute) => guard.check(...call)].flat();
  });

  // A page of another origin may send text without asking first; nothing here is text.
  api.removeContentTypeParser('text/plain');

  api.setErrorHandler((error, request, reply) => {
    const problem = apiProblemOf(error);
    const level = problem.status >= 500 && !request.raw.destroyed ? 'error' : 'debug';
    logger[level]({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed');
    if (problem.status === 503) reply.header('retry-after', RETRY_AFTER);
    return sendProblem(reply, problem);
  });
  // The links of the same server take every other path.
  api.all('/*', { schema: { hide: true } }, (_request, reply) => sendProblem(reply, NOTHING_HERE));

  withOtherMethods(api, () => {
    registerUploads(api, services);
    registerBatches(api, services);
    registerObjects(api, services);
    registerLinks(api, services);
    registerRemove(api, services);
    registerZip(api, services);
    registerDeadLetters(api, services);
  });
}
