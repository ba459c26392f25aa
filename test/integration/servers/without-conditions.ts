import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ProxyServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/**
 * A proxy that makes an S3 server one that ignores conditions, as several do: it takes them out of the requests. Only
 * for servers that check no signatures, since these cover the headers.
 */
export async function startWithoutConditions(endpoint: string): Promise<ProxyServer> {
  const server = createServer((incoming, outgoing) => {
    const { 'if-match': _match, 'if-none-match': _noneMatch, ...headers } = incoming.headers;
    const { method } = incoming;
    const forwarded = request(new URL(incoming.url ?? '/', endpoint), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
