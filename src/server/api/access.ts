import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiScope, ApiToken } from '../../config/values.js';
import { ClearcutError } from '../../errors.js';
import { isSameHash, sha256 } from '../equal-secrets.js';
import { isLoopback } from '../loopback.js';
import type { ApiAccess } from './context.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Scopes of which a caller needs one. */
    scopes?: readonly ApiScope[];
  }
}

/** Who calls: a token by its name, or whoever is on this machine where there are no tokens. */
export interface Guard {
  /** The name of the token that the request presents; undefined where it presents none that is known. */
  nameOf(request: FastifyRequest): string | undefined;
  /**
   * Throws TOKEN_INVALID, SCOPE_MISSING or CALLER_REFUSED where the route's scopes are not the caller's. To be called
   * before the body is read.
   */
  check(request: FastifyRequest, reply: FastifyReply): void;
}

export function createGuard({ tokens, corsOrigins }: Pick<ApiAccess, 'tokens' | 'corsOrigins'>): Guard {
  const known = tokens.map((token) => ({ token, hash: Buffer.from(token.sha256, 'hex') }));

  function tokenOf({ headers }: FastifyRequest): ApiToken | undefined {
    const [scheme = '', secret = ''] = (headers.authorization ?? '').trim().split(/\s+/, 2);
    if (scheme.toLowerCase() !== 'bearer') return undefined;
    const given = sha256(secret);
    // All are compared, so that the time tells nothing of which one it was.
    return known.filter(({ hash }) => isSameHash(given, hash))[0]?.token;
  }

  return {
    nameOf: (request) => tokenOf(request)?.name,
    check(request, reply) {
      const { scopes = [] } = request.routeOptions.config;
      if (scopes.length === 0) return;
      if (tokens.length === 0) return checkLocal(request, corsOrigins);
      const token = tokenOf(request);
      if (token === undefined) {
        reply.header('www-authenticate', 'Bearer');
        throw new ClearcutError('TOKEN_INVALID', 'The token is missing or wrong.', {
          remedy: 'Send a token of CLEARCUT_API_TOKENS: "Authorization: Bearer SECRET".',
        });
      }
      if (scopes.some((scope) => token.scopes.includes(scope))) return;
      throw new ClearcutError('SCOPE_MISSING', `This needs a token with the scope ${scopes.join(' or ')}.`);
    },
  };
}

/**
 * Without tokens only programs of this machine may call. A connection from this machine is not enough: a proxy beside
 * us brings requests of others, and the browser of whoever works here brings those of any web page that is open in it
 * (also under a name of its own that leads here).
 */
function checkLocal({ headers }: FastifyRequest, corsOrigins: readonly string[]): void {
  const isProxied = Object.keys(headers).some(
    (name) => name === 'forwarded' || name.startsWith('x-forwarded-'),
  );
  const { origin, host = '' } = headers;
  const isLocal = !isProxied && isLoopbackAuthority(host);
  const isOwnPage = origin === undefined || origin === `http://${host}` || corsOrigins.includes(origin);
  if (isLocal && isOwnPage) return;
  throw new ClearcutError('CALLER_REFUSED', 'Without tokens the API serves programs of this machine alone.');
}

function isLoopbackAuthority(authority: string): boolean {
  if (!URL.canParse(`http://${authority}`)) return false;
  return isLoopback(new URL(`http://${authority}`).hostname.replace(/^\[|\]$/g, ''));
}
