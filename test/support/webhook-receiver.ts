import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { onTestFinished } from 'vitest';

export const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
export const NEW_SECRET = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;

export interface WebhookReceiver {
  readonly url: string;
  /** Events that came with a good signature and were taken, in order. */
  readonly events: readonly CloudEvent<Record<string, unknown>>[];
  /** Requests that came, whatever became of them. */
  readonly requests: readonly IncomingMessage[];
  /** Answers from now on; by default 204 to what the official library verifies, and 401 to all else. */
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
}

/** A receiver as docs/events.md shows it, with the official libraries of both standards. */
export async function startReceiver(secret = SECRET): Promise<WebhookReceiver> {
  const events: CloudEvent<Record<string, unknown>>[] = [];
  const requests: IncomingMessage[] = [];
  const receiver = {
    url: '',
    events,
    requests,
    answer(request: IncomingMessage, response: ServerResponse, body: string) {
      try {
        new Webhook(secret).verify(body, request.headers as Record<string, string>);
      } catch {
        response.writeHead(401).end();
        return;
      }
      const event = HTTP.toEvent<Record<string, unknown>>({ headers: request.headers, body });
      if (Array.isArray(event)) throw new TypeError('one event is expected');
      // Throws where it is not valid.
      events.push(new CloudEvent(event));
      response.writeHead(204).end();
    },
  };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push(request);
      receiver.answer(request, response, body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=very-secret`;
  return receiver;
}
