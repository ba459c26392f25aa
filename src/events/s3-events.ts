import { z } from 'zod';
import { ClearcutError } from '../errors.js';
import type { ObjectEvent, ObjectEventKind } from './event-source.js';

/**
 * How a source writes object keys. `query-escaped`: as in a query string, where a space is `+` (AWS, and the webhook
 * and broker messages of MinIO); `raw`: as they are (MinIO's Listen API).
 */
export type KeyEncoding = 'query-escaped' | 'raw';

export interface ParseS3EventsOptions {
  /** Of records in the S3 form. EventBridge and Ceph write keys as they are, whatever is said here. */
  readonly keys: KeyEncoding;
}

/**
 * The events in a notification of S3 or of a server that speaks like it: `{Records: [...]}` of AWS, MinIO (with
 * `EventName` and `Key` around it) and Ceph (no `s3:` before event names), the EventBridge form, and each of them
 * wrapped by SNS. Reads only what Clearcut needs, so that fields that are missing or new do no harm. Empty for
 * messages that tell of neither a created nor a removed object, such as the `s3:TestEvent` of AWS.
 *
 * `body` is JSON text or the value of it. Throws EVENT_INVALID for anything else, also when one record of many cannot
 * be understood.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export function parseS3Events(body: unknown, options: ParseS3EventsOptions): ObjectEvent[] {
  const message = check(messageSchema, typeof body === 'string' ? parseJson(body) : body);
  if ('Records' in message) {
    return (message.Records ?? []).flatMap((record) => parseRecord(record, options) ?? []);
  }
  if ('detail-type' in message) return fromEventBridge(message);
  if ('Message' in message) return parseS3Events(message.Message, options);
  return [];
}

function parseRecord(record: unknown, { keys }: ParseS3EventsOptions): ObjectEvent | undefined {
  const { eventName } = check(recordNameSchema, record);
  const kind = kindOf(eventName);
  if (kind === undefined) return undefined;
  const { eventSource, s3 } = check(recordSchema, record);
  const isRaw = keys === 'raw' || eventSource === CEPH;
  return toEvent(kind, s3.bucket.name, isRaw ? s3.object.key : unescapeKey(s3.object.key), s3.object);
}

const CEPH = 'ceph:s3';

/** Names without the `s3:` that Ceph leaves out. Ceph tells of objects replicated from another zone as `ObjectSynced`. */
const KINDS: readonly (readonly [prefix: string, kind: ObjectEventKind])[] = [
  ['ObjectCreated:', 'created'],
  ['ObjectSynced:Create', 'created'],
  ['ObjectRemoved:', 'removed'],
  ['LifecycleExpiration:', 'removed'],
  ['ObjectLifecycle:Expiration', 'removed'],
];

const EVENT_BRIDGE_KINDS: ReadonlyMap<string, ObjectEventKind> = new Map([
  ['Object Created', 'created'],
  ['Object Deleted', 'removed'],
]);

const text = z.string().min(1);
/** What is only of use where it is right: anything else counts as not told. */
const optionalText = text.optional().catch(undefined);
const optionalSize = z.int().nonnegative().optional().catch(undefined);

const recordNameSchema = z.object({ eventName: text });

const recordSchema = z.object({
  eventSource: optionalText,
  s3: z.object({
    bucket: z.object({ name: text }),
    object: z
      .object({ key: text, size: optionalSize, eTag: optionalText, etag: optionalText })
      // Ceph before version 17 has `etag`.
      .transform(({ key, size, eTag, etag }) => ({ key, size, etag: eTag ?? etag })),
  }),
});

const eventBridgeDetailSchema = z.object({
  bucket: z.object({ name: text }),
  object: z.object({ key: text, size: optionalSize, etag: optionalText }),
});

const messageSchema = z.union([
  z.object({ Records: z.array(z.unknown()).nullable() }),
  z.object({ 'detail-type': text, source: z.literal('aws.s3'), detail: z.unknown() }),
  z.object({ Type: z.literal('Notification'), Message: z.string() }),
  z.object({ Event: z.literal('s3:TestEvent') }),
]);

function fromEventBridge(message: { 'detail-type': string; detail: unknown }): ObjectEvent[] {
  const kind = EVENT_BRIDGE_KINDS.get(message['detail-type']);
  if (kind === undefined) return [];
  const { bucket, object } = check(eventBridgeDetailSchema, message.detail);
  return [toEvent(kind, bucket.name, object.key, object)];
}

function kindOf(eventName: string): ObjectEventKind | undefined {
  const name = eventName.replace(/^s3:/, '');
  return KINDS.find(([prefix]) => name.startsWith(prefix))?.[1];
}

function toEvent(
  kind: ObjectEventKind,
  bucket: string,
  key: string,
  { size, etag }: { size?: number | undefined; etag?: string | undefined },
): ObjectEvent {
  const bareETag = etag?.replace(/^"(.*)"$/, '$1');
  return {
    kind,
    bucket,
    key,
    ...(size !== undefined && { size }),
    ...(bareETag !== undefined && { etag: bareETag }),
  };
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw invalid(`the key ${JSON.stringify(key)} is not URL-encoded as it should be`, cause);
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path }) => path.join('.')).filter((path) => path !== '');
  const where = fields.length > 0 ? ` (missing or wrong: ${fields.join(', ')})` : '';
  throw invalid(`it does not have the form of one${where}`, result.error);
}

function invalid(reason: string, cause: unknown): ClearcutError {
  return new ClearcutError('EVENT_INVALID', `The message is not an S3 event: ${reason}.`, { cause });
}
