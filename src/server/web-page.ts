import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUnchanged } from './if-none-match.js';

export interface WebPageOptions {
  /** Origins that links to objects lead to, such as `https://bucket.example`: the page uploads to them and shows what is there. */
  readonly linkOrigins: () => Promise<readonly string[]>;
}

/** From `src/server` and `dist/server` alike. */
const FOLDER = fileURLToPath(new URL('../../web/', import.meta.url));

/** What the browser is given; whatever else lies beside it stays here. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface PageFile {
  /** Where it is served. */
  readonly path: string;
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly etag: string;
}

/**
 * Serves the web page at `/` and its parts below `/ui/`, which is too short for the name of a bucket. The files are read once,
 * and no other path is looked at: nothing that a client sends becomes a path of this machine. Browsers may keep them, and ask
 * each time whether they are still the same.
 */
export async function registerWebPage(app: FastifyInstance, { linkOrigins }: WebPageOptions): Promise<void> {
  for (const file of await readPage()) {
    app.route({
      method: ['GET', 'HEAD'],
      url: file.path,
      handler: async (request, reply) => {
        reply.header('content-security-policy', contentSecurityPolicy(await linkOrigins()));
        return send(request, reply, file);
      },
    });
  }
}

function send({ headers, method }: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  reply
    .header('content-type', file.contentType)
    .header('etag', file.etag)
    .header('cache-control', 'no-cache')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('cross-origin-resource-policy', 'same-origin')
    // The address of the page names batches.
    .header('referrer-policy', 'no-referrer')
    .header('x-content-type-options', 'nosniff');
  if (isUnchanged(headers['if-none-match'], file.etag)) return reply.code(304).send();
  if (method === 'HEAD') return reply.header('content-length', file.bytes.length).send();
  return reply.send(file.bytes);
}

/** Nothing from elsewhere, nothing that is written into the page itself, and no text that becomes script or markup. */
function contentSecurityPolicy(linkOrigins: readonly string[]): string {
  const places = ["'self'", ...new Set(linkOrigins)].join(' ');
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${places} blob:`,
    `connect-src ${places}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

async function readPage(): Promise<PageFile[]> {
  const parts = (await readdir(`${FOLDER}ui`)).sort().map((name) => `/ui/${name}`);
  const files = await Promise.all(['/index.html', ...parts].map(readPart));
  return files.filter((file) => file !== undefined);
}

async function readPart(path: string): Promise<PageFile | undefined> {
  const contentType = CONTENT_TYPES[extname(path)];
  if (contentType === undefined) return undefined;
  const bytes = await readFile(FOLDER + path.slice(1));
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { path: path === '/index.html' ? '/' : path, contentType, bytes, etag };
}
