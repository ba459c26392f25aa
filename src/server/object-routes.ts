import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ClearcutError } from '../errors.js';
import { tooManyBytes } from '../storage/byte-limit.js';
import type { ObjectHead, ObjectStore } from '../storage/object-store.js';
import { isUnchanged } from './if-none-match.js';
import type { LinkSigner, VerifiedLink } from './links.js';
import { takeBodiesAsStreams, uploadBodyOf } from './upload-body.js';

export interface ObjectRoutesOptions {
  readonly store: ObjectStore;
  readonly signer: LinkSigner;
  /** The most bytes of any upload, whatever its link allows. */
  readonly maxUploadBytes: number;
  /** Told of every upload that was stored. Default: nobody is. */
  readonly onStored?: ((bucket: string, key: string, etag: string) => void) | undefined;
}

/**
 * GET, HEAD and PUT of `/<bucket>/<key>` for whoever has a link. Paths are taken from the request as it came: a
 * router's own decoding would not give every key back exactly.
 */
export function registerObjectRoutes(app: FastifyInstance, options: ObjectRoutesOptions): void {
  const { store, signer, maxUploadBytes, onStored } = options;
  const verify = ({ method, raw }: FastifyRequest) => signer.verify({ method, url: raw.url ?? '' });

  app.get('/*', async (request, reply) => {
    const link = verify(request);
    const { head, body } = await store.get(link.bucket, link.key);
    describe(reply, head, link);
    if (!isUnchanged(request.headers['if-none-match'], quote(head.etag)))
      return reply.header('content-length', head.size).send(body);
    body.destroy();
    return reply.code(304).send();
  });

  app.head('/*', async (request, reply) => {
    const link = verify(request);
    const head = await store.head(link.bucket, link.key);
    if (head === undefined) throw new ClearcutError('OBJECT_NOT_FOUND', 'There is no such object.', link);
    describe(reply, head, link);
    return isUnchanged(request.headers['if-none-match'], quote(head.etag))
      ? reply.code(304).send()
      : reply.header('content-length', head.size).send();
  });

  app.put('/*', async (request, reply) => {
    const link = verify(request);
    const contentType = request.headers['content-type'];
    if (link.contentType !== undefined && contentType !== link.contentType) {
      throw new ClearcutError('LINK_INVALID', `The link is for uploads of type ${link.contentType} only.`, {
        remedy: `Send the header "Content-Type: ${link.contentType}".`,
      });
    }
    const maxBytes = Math.min(maxUploadBytes, link.maxBytes ?? maxUploadBytes);
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooManyBytes(maxBytes, link);
    const head = await store.put(link.bucket, link.key, uploadBodyOf(request), {
      maxBytes,
      ...(contentType !== undefined && { contentType }),
    });
    onStored?.(link.bucket, link.key, head.etag);
    return reply.header('etag', quote(head.etag)).send();
  });

  // Asked by browsers before a page of another origin may use a link.
  app.options('/*', async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'GET, HEAD, PUT')
      .header('access-control-allow-headers', 'content-type, if-none-match')
      .header('access-control-max-age', '86400')
      .send(),
  );

  // Uploads are streamed: nothing is read before the link has been checked.
  takeBodiesAsStreams(app);
  app.addHook('onRequest', async (_request, reply) => {
    // A link is a capability of its own, no cookie goes with it: any page may use it.
    reply.header('access-control-allow-origin', '*');
    reply.header('access-control-expose-headers', 'etag, content-disposition');
    reply.header('cross-origin-resource-policy', 'cross-origin');
    reply.header('x-content-type-options', 'nosniff');
  });
}

function describe(reply: FastifyReply, head: ObjectHead, { contentDisposition }: VerifiedLink): void {
  reply.header('content-type', head.contentType);
  reply.header('etag', quote(head.etag));
  reply.header('last-modified', head.lastModified.toUTCString());
  // Nobody between may keep what a link gave, and the next version has the same link.
  reply.header('cache-control', 'private, no-cache');
  // What was uploaded may be HTML or SVG: it never runs scripts here.
  reply.header('content-security-policy', "default-src 'none'; sandbox");
  if (contentDisposition !== undefined) reply.header('content-disposition', contentDisposition);
}

function quote(etag: string): string {
  return `"${etag}"`;
}
