import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ClearcutError } from '../errors.js';
import { isSameSecret } from './equal-secrets.js';
import { isLoopback } from './loopback.js';

export interface WebhookRouteOptions {
  /** Takes the notification; see WebhookSource. */
  readonly receive: (body: string) => Promise<number>;
  /** What callers must present. Empty: nothing, which is accepted only where this machine alone can call. */
  readonly token: string;
}

/** Where events are posted to. One path segment, as all of the service's own: no bucket and key can have that path. */
const PATH = '/events';

const MAX_BYTES = 1024 * 1024;

/**
 * `POST /events` takes S3 event notifications: of MinIO's webhook target, of Ceph's HTTP push, or any S3 JSON. Answers
 * 202 when they are durable; 401 without the token, 400 for what is no notification, 413 beyond 1 MiB, and 503 when
 * the sender should try again later. `GET` and `HEAD` answer 200 to anybody: senders ask whether somebody is there.
 *
 * The token comes as `Authorization: Bearer TOKEN` (MinIO puts `Bearer` before an `auth_token` that has no scheme) or
 * as the password of `Authorization: Basic`, for senders that know only `http://user:password@host`. Throws
 * CONFIG_INVALID where there is no token and other machines can reach `host`.
 */
export function registerWebhookRoute(
  app: FastifyInstance,
  { receive, token }: WebhookRouteOptions,
  host: string,
): void {
  if (token === '' && !isLoopback(host)) {
    throw new ClearcutError('CONFIG_INVALID', `Anybody who reaches ${host} could send events.`, {
      remedy: 'Set CLEARCUT_WEBHOOK_TOKEN, or listen on this machine only: CLEARCUT_HTTP_HOST=127.0.0.1.',
    });
  }

  app.get(PATH, { exposeHeadRoute: true }, async () => ({ ok: true }));
  app.post<{ Body: Buffer | undefined }>(PATH, {
    bodyLimit: MAX_BYTES,
    // Before the body is read.
    onRequest: async (request, reply) => {
      if (token === '' || presents(request, token)) return;
      reply.header('www-authenticate', 'Bearer');
      throw new ClearcutError('TOKEN_INVALID', 'The token is missing or wrong.');
    },
    handler: async ({ body }, reply) => {
      const accepted = await receive(textOf(body));
      return reply.code(202).send({ accepted });
    },
  });

  // Whatever type a sender gives it: Ceph gives none.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** Text that is not UTF-8 must not become other keys. */
function textOf(body: Buffer | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new ClearcutError('EVENT_INVALID', 'The message is not an S3 event: it is not UTF-8.', { cause });
  }
}

function presents({ headers }: FastifyRequest, token: string): boolean {
  const [scheme = '', value = ''] = (headers.authorization ?? '').trim().split(/\s+/, 2);
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return isSameSecret(value, token);
    case 'basic': {
      const pair = Buffer.from(value, 'base64').toString();
      return isSameSecret(pair.slice(pair.indexOf(':') + 1), token);
    }
    default:
      return false;
  }
}
