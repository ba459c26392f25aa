import type { Readable } from 'node:stream';

/**
 * The ObjectStore port: what Clearcut needs of a place that keeps objects in buckets. The embedded default keeps
 * them in a directory; every implementation passes the suite in test/contracts/object-store.ts.
 *
 * Keys are Unicode strings of 1 to 1024 UTF-8 bytes, `/` separates segments. ETags are opaque strings without
 * quotes that change whenever the content changes.
 */
export interface ObjectStore {
  /** What the store is, for logs and messages: `directory ./clearcut-data`. Never holds a secret. */
  readonly description: string;

  /** The object's description, or undefined where there is none. */
  head(bucket: string, key: string): Promise<ObjectHead | undefined>;

  /** The object's tags, which can be changed without writing it anew. Throws OBJECT_NOT_FOUND where there is none. */
  tags(bucket: string, key: string): Promise<Readonly<Record<string, string>>>;

  /**
   * Opens the object for reading. The stream errors with IMAGE_TOO_MANY_BYTES as soon as more than `maxBytes` came.
   * Throws OBJECT_NOT_FOUND where there is none.
   */
  get(bucket: string, key: string, options?: GetOptions): Promise<ObjectContent>;

  /**
   * Writes the whole object or nothing: a reader sees the old content or the new, never a part. When it resolves
   * the object is durable. Throws PRECONDITION_FAILED where the condition does not hold (one writer of many wins).
   */
  put(bucket: string, key: string, body: Uint8Array | Readable, options?: PutOptions): Promise<ObjectHead>;

  /** Removes the object; nothing happens where there is none. */
  delete(bucket: string, key: string): Promise<void>;

  /** Every object whose key starts with `prefix`, in the order of the keys' UTF-8 bytes, read page by page. */
  list(bucket: string, options?: ListOptions): AsyncIterable<ObjectSummary>;

  /** Makes the bucket where it does not exist. */
  ensureBucket(bucket: string): Promise<void>;

  /** A link that lets anyone read the object until it expires. */
  presignGet(bucket: string, key: string, options: PresignGetOptions): Promise<PresignedLink>;

  /** A link that lets anyone write the object until it expires. */
  presignPut(bucket: string, key: string, options: PresignPutOptions): Promise<PresignedLink>;
}

export interface ObjectSummary {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly lastModified: Date;
  /** As of ObjectHead; listings tell it only where that costs nothing. */
  readonly etag?: string;
}

export interface ObjectHead extends ObjectSummary {
  readonly etag: string;
  readonly contentType: string;
  /** User metadata: lower-case names, values of printable ASCII (encode anything else before). */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ObjectContent {
  readonly head: ObjectHead;
  readonly body: Readable;
}

export interface GetOptions {
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface PutOptions {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** At most 10; AWS takes letters, digits, spaces and `+ - = . _ : / @` only. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Write only where no object has this key. */
  readonly ifNoneMatch?: '*';
  /** Write only where the object's ETag is this one. */
  readonly ifMatch?: string;
  /** Refuse with IMAGE_TOO_MANY_BYTES when the body is larger. */
  readonly maxBytes?: number;
}

export interface ListOptions {
  readonly prefix?: string;
  /** Only keys that sort after this one. */
  readonly startAfter?: string;
}

export interface PresignGetOptions {
  /** Seconds from now, 1 to 604,800 (seven days, the most that S3 allows). */
  readonly expiresIn: number;
  /** Makes the reply a download with this file name (Content-Disposition). */
  readonly downloadName?: string;
}

export interface PresignPutOptions {
  /** Seconds from now, 1 to 604,800. */
  readonly expiresIn: number;
  /** The only content type that the upload may have. */
  readonly contentType?: string;
  /** The most bytes that the upload may have. */
  readonly maxBytes?: number;
}

export interface PresignedLink {
  readonly url: string;
  readonly method: 'GET' | 'PUT';
  /** Headers that the client must send. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expiresAt: Date;
}
