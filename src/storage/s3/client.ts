import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { ClearcutError, messageOf } from '../../errors.js';

/** Empty texts mean "not set", as in the configuration. */
export interface S3ConnectionOptions {
  /** Address of the server, such as `http://127.0.0.1:9000`; empty for AWS. */
  readonly endpoint: string;
  /** Address that links are signed for; empty for the endpoint. */
  readonly publicEndpoint: string;
  readonly region: string;
  /** Empty for the SDK's own search: environment, profile, role of the machine. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Whether the bucket is in the path of URLs; `auto`: yes where an endpoint is set. */
  readonly pathStyle: 'auto' | 'true' | 'false';
  /** PEM file with certificates of a private authority, trusted besides the public ones. */
  readonly caFile: string;
  /** Milliseconds in which a connection must stand. Default 5,000. */
  readonly connectTimeout?: number;
  /** Milliseconds without a byte in either direction after which a request has failed. Default 60,000. */
  readonly idleTimeout?: number;
}

export interface S3Clients {
  /** Sends the requests. */
  readonly client: S3Client;
  /** Only signs links: its endpoint is the public one. */
  readonly linkClient: S3Client;
  /** The server in messages: `http://127.0.0.1:9000`, or `AWS S3 (eu-central-1)`. */
  readonly server: string;
}

const CONNECT_MS = 5_000;
const IDLE_MS = 60_000;
/** With the pauses of the SDK's standard mode these take some seconds; whoever waits longer does so on its own. */
const MAX_ATTEMPTS = 4;
/** Every image in flight may hold a few. */
const MAX_SOCKETS = 256;

/** Throws CONFIG_INVALID for half a pair of credentials, an address with a password in it, an unreadable CA file. */
export async function createS3Clients(options: S3ConnectionOptions): Promise<S3Clients> {
  checkAddress(options.endpoint, 'CLEARCUT_S3_ENDPOINT');
  checkAddress(options.publicEndpoint, 'CLEARCUT_S3_PUBLIC_ENDPOINT');
  const shared: S3ClientConfig = {
    region: options.region,
    forcePathStyle: options.pathStyle === 'auto' ? options.endpoint !== '' : options.pathStyle === 'true',
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    // The newer checksums (trailers, CRC headers) are unknown to many servers, and spoil upload links.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: await createRequestHandler(options),
    ...credentialsOf(options),
  };
  const publicEndpoint = options.publicEndpoint || options.endpoint;
  return {
    client: new S3Client({ ...shared, ...endpointOf(options.endpoint) }),
    linkClient: new S3Client({ ...shared, ...endpointOf(publicEndpoint) }),
    server: options.endpoint === '' ? `AWS S3 (${options.region})` : options.endpoint,
  };
}

async function createRequestHandler(options: S3ConnectionOptions): Promise<NodeHttpHandler> {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const ca = await readAuthorities(options.caFile);
  return new NodeHttpHandler({
    connectionTimeout: options.connectTimeout ?? CONNECT_MS,
    socketTimeout: options.idleTimeout ?? IDLE_MS,
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent({ ...agent, ...(ca !== undefined && { ca }) }),
  });
}

/** Node takes a list of authorities in place of its own, so its own are named as well. */
async function readAuthorities(caFile: string): Promise<string[] | undefined> {
  if (caFile === '') return undefined;
  const pem = await readFile(caFile, 'utf8').catch((error: unknown) => {
    throw invalid(`The certificates ${caFile} cannot be read: ${messageOf(error)}.`, 'CLEARCUT_S3_CA_FILE');
  });
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw invalid(`The file ${caFile} holds no certificate in PEM form.`, 'CLEARCUT_S3_CA_FILE');
  }
  return [...rootCertificates, pem];
}

function credentialsOf(options: S3ConnectionOptions): Pick<S3ClientConfig, 'credentials'> {
  const { accessKeyId, secretAccessKey, sessionToken } = options;
  if (accessKeyId === '' && secretAccessKey === '') return {};
  if (accessKeyId === '') {
    throw invalid('There is a secret, but no access key.', 'CLEARCUT_S3_ACCESS_KEY_ID');
  }
  if (secretAccessKey === '') {
    throw invalid('There is an access key, but no secret.', 'CLEARCUT_S3_SECRET_ACCESS_KEY');
  }
  return { credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) } };
}

function endpointOf(endpoint: string): Pick<S3ClientConfig, 'endpoint'> {
  return endpoint === '' ? {} : { endpoint };
}

/** The address appears in logs and links. */
function checkAddress(address: string, setting: string): void {
  if (address === '') return;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw invalid('The address of the S3 server is no http:// or https:// address.', setting);
  }
  const { username, password } = new URL(address);
  if (username !== '' || password !== '') {
    throw invalid('The address of the S3 server has a user or password in it.', setting);
  }
}

function invalid(message: string, setting: string): ClearcutError {
  return new ClearcutError('CONFIG_INVALID', message, { remedy: `Correct ${setting}.` });
}
