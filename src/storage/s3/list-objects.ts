import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { ListOptions, ObjectSummary } from '../object-store.js';
import { unquote } from './object-head.js';

/** The objects of a bucket, a request for each thousand of them. Errors are those of the SDK. */
export async function* listObjects(
  client: S3Client,
  bucket: string,
  { prefix, startAfter }: ListOptions,
): AsyncGenerator<ObjectSummary> {
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        StartAfter: startAfter,
        ContinuationToken: token,
        // XML cannot carry every character that a key may have.
        EncodingType: 'url',
      }),
    );
    for (const { Key, Size, LastModified, ETag } of page.Contents ?? []) {
      if (Key === undefined) continue;
      yield {
        // Servers that do not know the encoding do not confirm it either.
        key: page.EncodingType === 'url' ? decodeKey(Key) : Key,
        size: Size ?? 0,
        lastModified: LastModified ?? new Date(0),
        ...(ETag !== undefined && { etag: unquote(ETag) }),
      };
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** A space is "+" in some servers' encoding and "%20" in others'; a plus sign is "%2B" in both. */
function decodeKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll('+', ' '));
}
