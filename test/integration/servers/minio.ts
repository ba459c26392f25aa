import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent, get as httpsGet } from 'node:https';
import { pathOf } from './available.js';
import type { NatsServer } from './nats.js';
import { type RunningServer, startServer } from './server-process.js';

export interface MinioServer extends RunningServer {
  /** `http://127.0.0.1:PORT`, or `https://...` with certificates. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

export interface MinioOptions {
  /** Environment variables of notification targets; see webhookTarget and natsTarget. */
  readonly notify?: Readonly<Record<string, string>>;
  /** Folder with `public.crt` and `private.key`: serves https. */
  readonly certificates?: string;
}

const REGION = 'us-east-1';

/** Starts a MinIO with one drive. */
export async function startMinio({ notify = {}, certificates }: MinioOptions = {}): Promise<MinioServer> {
  const accessKeyId = 'test-access-key';
  const secretAccessKey = randomBytes(16).toString('hex');
  const scheme = certificates === undefined ? 'http' : 'https';
  const server = await startServer({
    path: await pathOf('minio'),
    args: (port, dataFolder) => [
      'server',
      '--quiet',
      '--address',
      `127.0.0.1:${port}`,
      ...(certificates === undefined ? [] : ['--certs-dir', certificates]),
      `${dataFolder}/data`,
    ],
    env: {
      MINIO_ROOT_USER: accessKeyId,
      MINIO_ROOT_PASSWORD: secretAccessKey,
      MINIO_REGION: REGION,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      ...notify,
    },
    isReady: (port) => isReady(`${scheme}://127.0.0.1:${port}/minio/health/ready`),
  });
  return {
    ...server,
    endpoint: `${scheme}://127.0.0.1:${server.port}`,
    accessKeyId,
    secretAccessKey,
    region: REGION,
  };
}

/**
 * A webhook target for `notify`. Its ARN, for the bucket's notification configuration, is `arn:minio:sqs::ID:webhook`,
 * with the id as given. With a `queueFolder` MinIO keeps events on disk while the receiver is down.
 */
export function webhookTarget(options: {
  /** Capital letters, digits and `_`. */
  readonly id: string;
  readonly url: string;
  readonly token?: string;
  readonly queueFolder?: string;
}): Record<string, string> {
  return targetVariables('WEBHOOK', options.id, {
    ENDPOINT: options.url,
    AUTH_TOKEN: options.token,
    QUEUE_DIR: options.queueFolder,
  });
}

/** A NATS target for `notify`; its ARN is `arn:minio:sqs::ID:nats`. With `jetstream` each event is published there. */
export function natsTarget(options: {
  /** Capital letters, digits and `_`. */
  readonly id: string;
  readonly nats: Pick<NatsServer, 'url'>;
  readonly subject: string;
  readonly jetstream?: boolean;
  readonly queueFolder?: string;
}): Record<string, string> {
  return targetVariables('NATS', options.id, {
    ADDRESS: new URL(options.nats.url).host,
    SUBJECT: options.subject,
    JETSTREAM: options.jetstream ? 'on' : undefined,
    QUEUE_DIR: options.queueFolder,
  });
}

function targetVariables(
  kind: string,
  id: string,
  values: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const given = Object.entries({ ENABLE: 'on', ...values }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [`MINIO_NOTIFY_${kind}_${name}_${id}`, value ?? '']),
  );
}

/** While MinIO still starts it answers 200 as well, with a header that says so. */
async function isReady(url: string): Promise<boolean> {
  if (url.startsWith('http:')) {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.ok && response.headers.get('x-minio-server-status') === null;
  }
  // Whether the certificate is trusted is for the test to say.
  const agent = new Agent({ rejectUnauthorized: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpsGet(url, { agent, timeout: 1000 }, resolve).once('error', reject);
  });
  response.resume();
  return response.statusCode === 200 && response.headers['x-minio-server-status'] === undefined;
}
