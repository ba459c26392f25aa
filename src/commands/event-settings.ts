import type { Config } from '../config/schema.js';

/** What the sources of events are given of the configuration; shared by the service and by what looks after it. */

/** The access key of the configuration; undefined where the AWS SDK is to search for one. */
export function staticCredentialsOf({ s3 }: Config) {
  const { accessKeyId, secretAccessKey, sessionToken } = s3;
  if (accessKeyId === '') return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) };
}

export function natsServersOf({ events }: Config): string[] {
  return events.natsUrl.split(',').map((address) => address.trim());
}
