import { PassThrough, type Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Lets the routes of `app` take any body as a stream: nothing of it is read before the route asks. */
export function takeBodiesAsStreams(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  // The rest of a refused upload is read and dropped: closing at once would often destroy the answer on its way.
  app.addHook('onResponse', async ({ raw }) => {
    if (!raw.complete) raw.resume();
  });
}

/** The upload as a stream that the store may destroy without cutting the connection that the answer needs. */
export function uploadBodyOf({ raw }: FastifyRequest): Readable {
  const body = new PassThrough();
  raw.once('close', () => {
    if (!raw.complete) body.destroy(new Error('The client went away in the middle of the upload.'));
  });
  return raw.pipe(body);
}
