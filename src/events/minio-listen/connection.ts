import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Client, S3Error } from 'minio';
import { ClearcutError, messageOf, systemCodeOf } from '../../errors.js';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface ListenOptions {
  /** Address of the MinIO server, `http://` or `https://`. */
  readonly endpoint: string;
  readonly region: string;
  /** Asked for anew for each connection if it is a function. */
  readonly credentials: Credentials | (() => Promise<Credentials>);
  readonly bucket: string;
  /** Only keys that start with this. Default: all. */
  readonly prefix?: string;
  /** Certificates (PEM) to trust. Default: those that Node trusts. */
  readonly ca?: string | string[];
  /**
   * Milliseconds without a byte from the server after which the connection counts as lost. MinIO writes something
   * every second. Default: 15,000.
   */
  readonly silenceLimitMs?: number;
}

export interface Connection {
  /** Resolves, with what ended it, when no more messages come. */
  readonly closed: Promise<ClearcutError>;
}

const EVENTS = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'];

/** Characters; a message with one event has some thousand. */
const MAX_LINE = 1024 * 1024;

const REMEDIES: ReadonlyMap<string | undefined, string> = new Map([
  ['NoSuchBucket', 'Create the bucket, or correct its name in the configuration.'],
  ['AccessDenied', 'Allow s3:ListenBucketNotification on the bucket.'],
  ['InvalidAccessKeyId', 'Correct the access key.'],
  ['SignatureDoesNotMatch', 'Correct the secret key.'],
]);

/**
 * One request to MinIO's Listen API: resolves when the server is telling, rejects with a ClearcutError when it will
 * not. Each message is a line of JSON, `{"Records": [...]}`. Ends on abort.
 *
 * `listenBucketNotification` of the `minio` package is not used: it says neither when it is connected nor when the
 * connection is lost, cannot be stopped before the next event, and throws where nobody can catch it when a line is
 * not JSON. The package signs and sends the request here, and reads the errors.
 */
export async function listen(
  options: ListenOptions,
  onMessage: (line: string) => void,
  signal: AbortSignal,
): Promise<Connection> {
  const { endpoint, region, credentials, bucket, ca, silenceLimitMs = 15_000 } = options;
  const { protocol, hostname, port } = new URL(endpoint);
  const useSSL = protocol === 'https:';
  const { accessKeyId, secretAccessKey, sessionToken } =
    typeof credentials === 'function' ? await credentials() : credentials;
  const agent = useSSL ? new HttpsAgent(ca === undefined ? {} : { ca }) : new HttpAgent();
  let reason: Error | undefined;
  const stop = (error: Error) => {
    reason ??= error;
    agent.destroy();
  };
  const silence = new Error('the server is silent');
  const onAbort = () => stop(new ClearcutError('SHUTTING_DOWN', 'Listening was stopped.', { bucket }));
  signal.addEventListener('abort', onAbort);
  const end = (error: unknown): ClearcutError => {
    signal.removeEventListener('abort', onAbort);
    agent.destroy();
    return explain(reason ?? error, options);
  };

  const opening = setTimeout(stop, silenceLimitMs, silence);
  try {
    const client = new Client({
      endPoint: hostname,
      useSSL,
      region,
      accessKey: accessKeyId,
      secretKey: secretAccessKey,
      transportAgent: agent,
      retryOptions: { disableRetry: true },
      ...(port !== '' && { port: Number(port) }),
      ...(sessionToken !== undefined && { sessionToken }),
    });
    const request = { method: 'GET', bucketName: bucket, query: queryOf(options) };
    const response = await client.makeRequestAsync(request, '', [200], region);
    response.setTimeout(silenceLimitMs, () => stop(silence));
    if (signal.aborted) onAbort();
    checkKind(response, options);
    return { closed: readLines(response, onMessage).then(end, end) };
  } catch (error) {
    throw end(error);
  } finally {
    clearTimeout(opening);
  }
}

/** Sorted, and escaped as signatures demand. */
function queryOf({ prefix = '' }: ListenOptions): string {
  const escaped = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (char) =>
      `%${char.charCodeAt(0).toString(16)}`.toUpperCase(),
    );
  const events = EVENTS.map((name) => `events=${escaped(name)}`);
  return [...events, 'ping=1', ...(prefix === '' ? [] : [`prefix=${escaped(prefix)}`])].join('&');
}

/** Other servers take the request for one to list the bucket. */
function checkKind({ headers }: IncomingMessage, { endpoint, bucket }: ListenOptions): void {
  if (headers['content-type']?.startsWith('text/event-stream')) return;
  throw new ClearcutError('CONFIG_INVALID', `${endpoint} has no Listen API: it is not MinIO.`, {
    bucket,
    remedy: 'Take another source of events, such as the webhook, or rely on the sweep.',
  });
}

/** Resolves with what ended the response, where that was no error. */
async function readLines(response: IncomingMessage, onLine: (line: string) => void): Promise<Error> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n');
    // Older versions of MinIO write spaces while there is nothing to tell.
    rest = lines.pop()?.trimStart() ?? '';
    if (rest.length > MAX_LINE) return new Error('the server sends a message without end');
    for (const line of lines) onLine(line);
  }
  return new Error('the server closed the connection');
}

function explain(error: unknown, { endpoint, bucket }: ListenOptions): ClearcutError {
  if (error instanceof ClearcutError) return error;
  const subject = { bucket, cause: error };
  const code = error instanceof S3Error ? error.code : undefined;
  const reason = messageOf(error) || systemCodeOf(error) || 'no answer';
  const message = `MinIO at ${endpoint} cannot be listened to: ${reason}${code === undefined ? '' : ` (${code})`}`;
  // The package signs by this machine's clock, however wrong, where the AWS SDK goes by the server's.
  if (code === 'RequestTimeTooSkewed') {
    const skew = `MinIO at ${endpoint} cannot be listened to: this machine's clock is too far from its own.`;
    return new ClearcutError('CLOCK_SKEWED', skew, subject);
  }
  const remedy = REMEDIES.get(code);
  return remedy === undefined
    ? new ClearcutError('EVENT_SOURCE_UNAVAILABLE', message, subject)
    : new ClearcutError('CONFIG_INVALID', message, { ...subject, remedy });
}
