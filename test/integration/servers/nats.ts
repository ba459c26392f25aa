import { once } from 'node:events';
import { connect } from 'node:net';
import { pathOf } from './available.js';
import { type RunningServer, startServer } from './server-process.js';

export interface NatsServer extends RunningServer {
  /** `nats://127.0.0.1:PORT` */
  readonly url: string;
}

/** Starts a NATS server with JetStream, whose streams outlive a restart. */
export async function startNats(): Promise<NatsServer> {
  const server = await startServer({
    path: await pathOf('nats'),
    args: (port, dataFolder) => [
      '-a',
      '127.0.0.1',
      '-p',
      String(port),
      '-js',
      '-sd',
      `${dataFolder}/jetstream`,
    ],
    isReady,
  });
  return { ...server, url: `nats://127.0.0.1:${server.port}` };
}

/** A NATS server greets whoever connects. */
async function isReady(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [greeting] = await once(socket, 'data', { signal: AbortSignal.timeout(1000) });
    return String(greeting).startsWith('INFO');
  } finally {
    socket.destroy();
  }
}
