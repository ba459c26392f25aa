import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FileServer {
  /** Without a slash at the end. */
  readonly origin: string;
  /** What was asked for so far. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
}

/** Answers one request; `attempt` counts the requests to the server from 1. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  attempt: number,
) => void | Promise<void>;

/** An HTTP server for one test. */
export async function serve(answer: Answer): Promise<FileServer> {
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers });
    void Promise.resolve(answer(request, response, requests.length)).catch((error) =>
      response.destroy(error),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, requests };
}

export interface ServedFile {
  readonly bytes: Buffer;
  /** With its quotes. */
  readonly etag?: string;
  /** Whether the server knows ranges; yes unless given. */
  readonly ranges?: boolean;
}

/** Sends a file as RFC 9110 (sections 13.1.5 and 14) says: the range asked for where If-Range holds, else all of it. */
export function sendFile(request: IncomingMessage, response: ServerResponse, file: ServedFile): void {
  const { status, body } = answerOf(request, response, file);
  response.writeHead(status).end(body);
}

/** The same, but the connection breaks when `until` resolves, after the first `count` bytes of the body. */
export async function sendCut(
  request: IncomingMessage,
  response: ServerResponse,
  file: ServedFile,
  count: number,
  until: () => Promise<void>,
): Promise<void> {
  const { status, body } = answerOf(request, response, file);
  response.writeHead(status).write(body.subarray(0, count));
  await until();
  response.destroy();
}

function answerOf(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, etag, ranges = true }: ServedFile,
) {
  if (etag !== undefined) response.setHeader('etag', etag);
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]);
  const mayResume = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  if (!ranges || Number.isNaN(start) || !mayResume) {
    response.setHeader('content-length', bytes.length);
    return { status: 200, body: bytes };
  }
  if (start >= bytes.length) {
    response.setHeader('content-range', `bytes */${bytes.length}`);
    return { status: 416, body: Buffer.alloc(0) };
  }
  response.setHeader('content-range', `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
  response.setHeader('content-length', bytes.length - start);
  return { status: 206, body: bytes.subarray(start) };
}
