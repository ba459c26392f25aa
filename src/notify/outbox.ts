import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { ClearcutError } from '../errors.js';
import type { ObjectStore } from '../storage/object-store.js';

/**
 * The outbox: news that nobody has been told yet, one small object each, below `<prefix>outbox/`:
 *
 *   new/<due>-<id>.json                not sent to anybody yet
 *   retry/<target>/<due>-<id>.json     every other target has it
 *
 * `due` is the time (milliseconds, 16 digits) from which any process may take the news up, so one listing finds what is
 * due however much waits, and nothing else has to be read. Who takes one up holds it by a conditional write, so that
 * the others leave it alone meanwhile; where that fails, or a store ignores conditions, an event is sent twice, which
 * is allowed. The way of an image costs one put (before its record) and one delete (after it was sent).
 *
 *   undelivered/<target>/<id>.json     given up after the last attempt; beside outbox/, kept for people
 */
export interface Outbox {
  /** Resolves when the news is durable. */
  add(queue: string, entry: Entry, dueAt: number): Promise<StoredEntry>;
  /** Keys of what is due, the longest due first. */
  due(queue: string, now: number, onLater?: OnLater): AsyncGenerator<string, void, undefined>;
  /** Reads what is due and holds it; undefined where it is gone or somebody else holds it. */
  take(key: string, now: number, heldUntil: number, options?: TakeOptions): Promise<StoredEntry | undefined>;
  remove(key: string): Promise<void>;
  /** Keeps what was given up. */
  giveUp(target: string, entry: Entry): Promise<void>;
  /** Puts what was given up back, as if it were new to its target; tells of each. */
  restore(now: number): AsyncGenerator<Restored, void, undefined>;
}

/**
 * Told of what waits but is not due: how many, counted up to LOOKED_AT, and when (milliseconds since 1970) the first of
 * them is; infinity where none waits.
 */
export type OnLater = (count: number, nextDue: number) => void;

export interface Restored {
  readonly target: string;
  readonly subject: Entry['subject'];
}

export interface TakeOptions {
  /** Also what somebody else holds: for a process that knows itself alone. */
  readonly fromOthers?: boolean;
}

export const NEW = 'new';

export function retryQueue(target: string): string {
  return `retry/${target}`;
}

const entrySchema = z.object({
  event: z.object({
    id: z.string(),
    type: z.string(),
    traceparent: z.string().optional(),
    body: z.string(),
  }),
  subject: z.object({
    kind: z.enum(['result', 'dead-letter', 'removed']),
    bucket: z.string(),
    key: z.string(),
    etag: z.string(),
  }),
  /** Milliseconds since 1970 at which the news was written. */
  since: z.number(),
  /** Attempts that were made at the target of the queue. */
  attempts: z.number(),
  /** Milliseconds since 1970 up to which somebody works on it. */
  heldUntil: z.number(),
});

export type Entry = z.infer<typeof entrySchema>;

export interface StoredEntry {
  readonly key: string;
  readonly entry: Entry;
}

/** The largest entry that is read: a record and its event, with room to spare. */
const MAX_BYTES = 1024 * 1024;
const DUE_DIGITS = 16;
/** Of what is not due: one page of a listing, which is there anyhow. */
const LOOKED_AT = 1_000;

export function createOutbox(store: ObjectStore, bucket: string, prefix: string): Outbox {
  const folderOf = (queue: string) => `${prefix}outbox/${queue}/`;
  const givenUp = `${prefix}undelivered/`;

  async function add(queue: string, entry: Entry, dueAt: number): Promise<StoredEntry> {
    const key = `${folderOf(queue)}${padded(dueAt)}-${entry.event.id}.json`;
    await write(key, entry);
    return { key, entry };
  }

  function write(key: string, entry: Entry, ifMatch?: string) {
    return store.put(bucket, key, Buffer.from(JSON.stringify(entry)), {
      contentType: 'application/json',
      ...(ifMatch !== undefined && { ifMatch }),
    });
  }

  return {
    add,

    async *due(queue, now, onLater) {
      const folder = folderOf(queue);
      let later = 0;
      let nextDue = Number.POSITIVE_INFINITY;
      for await (const { key } of store.list(bucket, { prefix: folder })) {
        const dueAt = Number(key.slice(folder.length, folder.length + DUE_DIGITS));
        if (dueAt <= now) {
          yield key;
          continue;
        }
        later += 1;
        nextDue = Math.min(nextDue, dueAt);
        if (later === LOOKED_AT) break;
      }
      onLater?.(later, nextDue);
    },

    async take(key, now, heldUntil, { fromOthers = false } = {}) {
      try {
        const { head, body } = await store.get(bucket, key, { maxBytes: MAX_BYTES });
        const entry = parse(await text(body));
        // Nobody else writes here; what is not ours must not be looked at for ever.
        if (entry === undefined) {
          await store.delete(bucket, key);
          return undefined;
        }
        if (entry.heldUntil > now && !fromOthers) return undefined;
        const held = { ...entry, heldUntil };
        await write(key, held, head.etag);
        return { key, entry: held };
      } catch (thrown) {
        const isTaken =
          thrown instanceof ClearcutError &&
          (thrown.code === 'OBJECT_NOT_FOUND' || thrown.code === 'PRECONDITION_FAILED');
        if (isTaken) return undefined;
        throw thrown;
      }
    },

    remove: (key) => store.delete(bucket, key),

    async giveUp(target, entry) {
      await write(`${givenUp}${target}/${entry.event.id}.json`, entry);
    },

    async *restore(now) {
      for await (const { key } of store.list(bucket, { prefix: givenUp })) {
        const target = key.slice(givenUp.length, key.lastIndexOf('/'));
        const { body } = await store.get(bucket, key, { maxBytes: MAX_BYTES });
        const entry = parse(await text(body));
        if (entry === undefined) continue;
        await add(retryQueue(target), { ...entry, attempts: 0, heldUntil: 0 }, now);
        await store.delete(bucket, key);
        yield { target, subject: entry.subject };
      }
    },
  };
}

function padded(time: number): string {
  return String(Math.max(0, Math.ceil(time))).padStart(DUE_DIGITS, '0');
}

function parse(json: string): Entry | undefined {
  try {
    return entrySchema.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}
