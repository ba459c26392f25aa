import { readFile } from 'node:fs/promises';
import type { Config } from '../config/schema.js';
import type { ListenOptions } from '../events/minio-listen/connection.js';
import { createS3Clients } from '../storage/s3/client.js';

/** What listening to MinIO takes of the configuration. */
export async function listenOptionsOf({ s3, input }: Config): Promise<ListenOptions> {
  const { client } = await createS3Clients(s3);
  return {
    endpoint: s3.endpoint,
    region: s3.region,
    // Temporary ones are renewed by the SDK.
    credentials: () => client.config.credentials(),
    bucket: input.bucket,
    prefix: input.prefix,
    ...(s3.caFile !== '' && { ca: await readFile(s3.caFile, 'utf8') }),
  };
}
