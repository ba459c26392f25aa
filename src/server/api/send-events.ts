import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeAt } from './describe.js';
import { type EventStreamOptions, eventStream, seenBy } from './event-stream.js';
import type { ApiServices } from './services.js';
import { changedSince } from './snapshot.js';
import type { Subject } from './watchers.js';

/** Aborts when the caller has gone, or the answer is complete. */
export function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  return gone.signal;
}

/**
 * Answers with server-sent events about the subject. 204 to a client that comes back although it has seen the end: that
 * is how those of browsers learn not to come again.
 */
export async function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  subject: Subject,
  services: ApiServices,
  summary: EventStreamOptions['summary'],
): Promise<FastifyReply> {
  const { watchers } = services;
  const signal = goneSignal(reply);
  const subscription = watchers.watch(subject);
  try {
    const first = await subscription.now();
    const seen = seenBy(request.headers['last-event-id']);
    if (first.isFinished && seen !== undefined && changedSince(seen, first).length === 0) {
      subscription.leave();
      return reply.code(204).send();
    }
    const events = eventStream({
      subscription,
      first,
      seen,
      fileData: (snapshot, at) => describeAt(snapshot, at, services),
      summary,
      signal,
      isClosed: watchers.isClosed,
    });
    return (
      reply
        .header('content-type', 'text/event-stream')
        // Proxies such as nginx would hold back what comes in small pieces.
        .header('x-accel-buffering', 'no')
        .send(Readable.from(events))
    );
  } catch (error) {
    subscription.leave();
    throw error;
  }
}
