import { pathOf } from './available.js';
import { type RunningServer, startServer } from './server-process.js';

export interface MotoServer extends RunningServer {
  /** `http://127.0.0.1:PORT`, of S3 (path style) and SQS alike. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** Starts moto, which follows AWS in S3 and SQS but checks no signature; a restart loses its data. */
export async function startMoto(): Promise<MotoServer> {
  const server = await startServer({
    path: await pathOf('moto'),
    args: (port) => ['-H', '127.0.0.1', '-p', String(port)],
    isReady: async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/moto-api/`, {
        signal: AbortSignal.timeout(1000),
      });
      await response.arrayBuffer();
      return response.ok;
    },
  });
  return {
    ...server,
    endpoint: `http://127.0.0.1:${server.port}`,
    accessKeyId: 'test',
    secretAccessKey: 'test',
    region: 'us-east-1',
  };
}
