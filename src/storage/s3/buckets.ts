import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isUnexplained, statusOf } from './errors.js';

/** Whether the bucket exists. Errors are those of the SDK. */
export async function bucketExists(client: S3Client, bucket: string): Promise<boolean> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && statusOf(thrown) === 404) return false;
    if (!isUnexplained(thrown)) throw thrown;
    // The answer to HEAD has no words; a listing that fails has.
    await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }));
    return true;
  }
}

/** Makes the bucket, in the region of the client. Nothing happens where it is ours already. */
export async function createBucket(client: S3Client, bucket: string): Promise<void> {
  const region = await client.config.region();
  // us-east-1 has no name here: it is what an absent constraint means.
  const constraint =
    region === 'us-east-1' ? undefined : { LocationConstraint: region as BucketLocationConstraint };
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: constraint }));
  } catch (thrown) {
    // Another process was faster.
    if (!(thrown instanceof Error) || thrown.name !== 'BucketAlreadyOwnedByYou') throw thrown;
  }
}
