import type { ObjectHead } from '../object-store.js';

/** What S3 answers about an object, in HEAD and GET alike. */
interface ObjectHeaders {
  readonly ETag?: string | undefined;
  readonly ContentLength?: number | undefined;
  readonly ContentType?: string | undefined;
  readonly LastModified?: Date | undefined;
  readonly Metadata?: Record<string, string> | undefined;
}

export function objectHeadOf(key: string, headers: ObjectHeaders): ObjectHead {
  return {
    key,
    size: headers.ContentLength ?? 0,
    lastModified: headers.LastModified ?? new Date(0),
    etag: unquote(headers.ETag ?? ''),
    contentType: headers.ContentType ?? 'application/octet-stream',
    metadata: headers.Metadata ?? {},
  };
}

export function unquote(etag: string): string {
  return etag.replace(/^(?:W\/)?"(.*)"$/, '$1');
}
