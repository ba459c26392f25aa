import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { messageOf, systemCodeOf } from '../errors.js';
import { createGuardedLookup, literalAddress, mayConnect, REFUSED } from './guarded-lookup.js';
import { EVENT_CONTENT_TYPE, type OutcomeEvent } from './outcome-event.js';
import { parseRetryAfter } from './retry-schedule.js';
import { type Answer, failed, SENT, type Target } from './target.js';

export interface WebhookTargetOptions {
  /** http or https. */
  readonly url: string;
  /** `whsec_...`, one or more: each signs, so that a receiver may change its own when it likes. */
  readonly secrets: readonly string[];
  /** Let it be a host of one's own network. */
  readonly allowPrivate: boolean;
  /** Milliseconds for one attempt, from the look-up of the name to the end of the answer. */
  readonly timeoutMs: number;
  /** For tests: milliseconds since 1970. */
  readonly now?: () => number;
}

/** Bytes of an answer that are read, so that the connection can be used again; a longer one is cut off. */
const MAX_ANSWER = 16 * 1024;
const NAME_DIGITS = 8;

/**
 * Events to a receiver over HTTP, by Standard Webhooks (https://www.standardwebhooks.com): a POST of the event as JSON
 * with `webhook-id`, `webhook-timestamp` and `webhook-signature`. 2xx takes it; 410 wants no more; a redirect is a
 * failure, as it would lead where nobody looked.
 */
export function createWebhookTarget(options: WebhookTargetOptions): Target {
  const { allowPrivate, timeoutMs, now = Date.now } = options;
  const url = new URL(options.url);
  const signers = options.secrets.map((secret) => new Webhook(secret));
  const dispatcher = new Agent({
    connect: { lookup: createGuardedLookup(allowPrivate), timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });

  async function post(event: OutcomeEvent, signal: AbortSignal): Promise<Answer> {
    const timestamp = new Date(now());
    const { statusCode, headers, body } = await request(url, {
      method: 'POST',
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: {
        'content-type': EVENT_CONTENT_TYPE,
        'user-agent': 'clearcut',
        'webhook-id': event.id,
        'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
        'webhook-signature': signers.map((signer) => signer.sign(event.id, timestamp, event.body)).join(' '),
        ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
      },
      body: event.body,
    });
    await body.dump({ limit: MAX_ANSWER });
    if (statusCode >= 200 && statusCode < 300) return SENT;
    if (statusCode === 410) return { kind: 'gone', reason: 'it answered 410 Gone' };
    const isRedirect = statusCode >= 300 && statusCode < 400;
    const reason = `it answered ${statusCode}${isRedirect ? ', and redirects are not followed' : ''}`;
    const retryAfter = headers['retry-after'];
    return failed(reason, parseRetryAfter(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, now()));
  }

  return {
    name: webhookName(url),
    async send(event, signal) {
      const address = literalAddress(url);
      // Sockets look up names only.
      if (address !== undefined && !mayConnect(address, allowPrivate)) return failed(REFUSED);
      try {
        return await post(event, signal);
      } catch (thrown) {
        signal.throwIfAborted();
        return failed(explain(thrown, timeoutMs));
      }
    },
    async check() {
      const address = literalAddress(url);
      if (address !== undefined && !mayConnect(address, allowPrivate)) throw new Error(REFUSED);
      // Any answer will do: a receiver need not know HEAD.
      const signal = AbortSignal.timeout(timeoutMs);
      const { statusCode, body } = await request(url, { method: 'HEAD', dispatcher, signal }).catch(
        (thrown: unknown) => {
          throw new Error(explain(thrown, timeoutMs));
        },
      );
      await body.dump({ limit: MAX_ANSWER });
      const secrets = signers.length === 1 ? 'one secret signs' : `${signers.length} secrets sign`;
      return `${url.host} answers (${statusCode} to HEAD); ${secrets}`;
    },
    close: () => dispatcher.close(),
  };
}

/** The path and query may be secret, so a hash stands for them. */
function webhookName(url: URL): string {
  const host = url.host.replaceAll(/[^a-z0-9.-]/g, '_');
  return `webhook-${host}-${createHash('sha256').update(url.href).digest('hex').slice(0, NAME_DIGITS)}`;
}

function explain(thrown: unknown, timeoutMs: number): string {
  if (thrown instanceof Error && (thrown.name === 'TimeoutError' || /Timeout/.test(thrown.name)))
    return `no answer within ${timeoutMs} ms`;
  // Connecting to several addresses of a host throws an error without a message.
  return messageOf(thrown) || systemCodeOf(thrown) || 'it cannot be reached';
}
