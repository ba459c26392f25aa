import type { S3ConnectionOptions } from '../../../src/storage/s3/client.js';

/** The options of a store on a server that a test started. */
export function connectionTo(server: {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}): S3ConnectionOptions {
  const { endpoint, accessKeyId, secretAccessKey, region } = server;
  return {
    endpoint,
    accessKeyId,
    secretAccessKey,
    region,
    publicEndpoint: '',
    sessionToken: '',
    pathStyle: 'auto',
    caFile: '',
  };
}
