import { createHash } from 'node:crypto';

/** The text that MinIO's webhook and broker targets send when an object was created (cmd/event-notification.go). */
export function minioNotification(bucket: string, key: string, bytes: Uint8Array): string {
  return JSON.stringify({
    EventName: 's3:ObjectCreated:Put',
    Key: `${bucket}/${key}`,
    Records: [minioRecord(bucket, key, bytes)],
  });
}

/** One element of `Records`. */
export function minioRecord(bucket: string, key: string, bytes: Uint8Array): object {
  return {
    eventVersion: '2.0',
    eventSource: 'minio:s3',
    awsRegion: '',
    eventTime: '2026-01-02T03:04:05.678Z',
    eventName: 's3:ObjectCreated:Put',
    userIdentity: { principalId: 'minioadmin' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'Config',
      bucket: { name: bucket, ownerIdentity: { principalId: 'minioadmin' }, arn: `arn:aws:s3:::${bucket}` },
      object: {
        key: queryEscape(key),
        size: bytes.length,
        eTag: createHash('md5').update(bytes).digest('hex'),
        contentType: 'image/jpeg',
        sequencer: '18A7D6F1B5C3A2E0',
      },
    },
  };
}

/** As Go's `url.QueryEscape`. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
