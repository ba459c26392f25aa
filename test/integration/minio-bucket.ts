import {
  CreateBucketCommand,
  DeleteObjectCommand,
  type Event,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { MinioServer } from './servers/minio.js';

/** A bucket of MinIO that sends its events to a target. */
export interface NotifyingBucket {
  readonly bucket: string;
  put(key: string, bytes: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
}

const EVENTS = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] as unknown as Event[];

let count = 0;

/** Makes a new bucket whose events go to the target with this ARN. */
export async function createNotifyingBucket(minio: MinioServer, targetArn: string): Promise<NotifyingBucket> {
  const { endpoint, region, accessKeyId, secretAccessKey } = minio;
  const credentials = { accessKeyId, secretAccessKey };
  const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  count += 1;
  const Bucket = `uploads-${count}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { QueueConfigurations: [{ QueueArn: targetArn, Events: EVENTS }] },
    }),
  );
  return {
    bucket: Bucket,
    async put(Key, Body) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    async remove(Key) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    },
  };
}
