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
import { createLinkIssuer } from './links.js';
import { serveOpenApi } from './openapi.js';
import { apiProblemOf, RETRY_AFTER } from './problems.js';
import { registerDeadLetters } from './routes/dead-letters.js';
import { registerObjects } from './routes/objects.js';
import { registerRemove } from './routes/remove.js';

/** What routes of the API are registered on: their schemas are of zod, and say the types of requests and answers. */
export type ApiScopeInstance = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface ApiOptions {
  readonly context: ApiContext;
  readonly access: ApiAccess;
}

/** Bytes of a body that is JSON. */
const MAX_JSON_BYTES = 1024 * 1024;

/** Milliseconds. */
const RATE_WINDOW = 60_000;

type CallOfRoute = [request: FastifyRequest, reply: FastifyReply];

/**
 * The HTTP API below `/v1`, and its description at `/openapi.json`. To be given a scope of its own: its headers, errors
 * and limits are not for the links and events that the same server has.
 */
export async function registerApi(app: FastifyInstance, { context, access }: ApiOptions): Promise<void> {
  await serveOpenApi(app);
  await app.register(async (scope) => registerV1(scope, context, access), { prefix: '/v1' });
}

async function registerV1(scope: FastifyInstance, context: ApiContext, access: ApiAccess): Promise<void> {
  const { logger } = context;
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

  api.setErrorHandler((error, request, reply) => {
    const problem = apiProblemOf(error);
    const level = problem.status >= 500 && !request.raw.destroyed ? 'error' : 'debug';
    logger[level]({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed');
    if (problem.status === 503) reply.header('retry-after', RETRY_AFTER);
    return sendProblem(reply, problem);
  });
  // The links of the same server take every other path.
  api.all('/*', { schema: { hide: true } }, (_request, reply) => sendProblem(reply, NOTHING_HERE));

  const links = createLinkIssuer(context.store, context.linkExpiresIn);
  registerObjects(api, context, links);
  registerRemove(api, context);
  registerDeadLetters(api, context);
}
