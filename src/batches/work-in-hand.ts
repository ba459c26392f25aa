import { z } from 'zod';
import { messageOf } from '../errors.js';
import { readDocument } from '../pipeline/settlement/documents.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Logger } from '../telemetry/logger.js';

/**
 * What workers have in hand, for those who ask how far their uploads are. Each worker keeps one small object for all
 * that it works on, so that it costs a write a second however fast pictures go through. Nothing depends on it: it is
 * written beside the work and never awaited by it, and what a dead worker left behind expires.
 */
const inHandSchema = z.object({
  keys: z.array(z.string()),
  /** Milliseconds since 1970. */
  expiresAt: z.number(),
});

/** Milliseconds between two writes, at least. */
const PAUSE = 1_000;
/** Milliseconds after which a worker that says nothing more is taken to have gone. */
const LIFETIME = 60_000;
/** Milliseconds after which what a dead worker left behind is removed. */
const LEFT_BEHIND = 60 * 60_000;
/** Milliseconds after which work that goes on is said again. */
const RENEWAL = 20_000;

export interface WorkInHand {
  /** Work on this input begins. The function returned says that it has ended. */
  begin(key: string): () => void;
  /** Says nothing more, and takes away what was said. Never rejects. */
  close(): Promise<void>;
}

export interface WorkInHandOptions {
  readonly store: ObjectStore;
  readonly bucket: string;
  /** Of this worker alone. */
  readonly objectKey: string;
  /** Whether anybody asks for inputs like this one. */
  readonly isAskedFor: (key: string) => boolean;
  readonly logger: Logger;
  /** Milliseconds between two writes, at least. Default: 1,000. */
  readonly pauseMs?: number;
}

/** What this worker has in hand, told to all who look at the bucket. */
export function createWorkInHand(options: WorkInHandOptions): WorkInHand {
  const { store, bucket, objectKey, isAskedFor, logger, pauseMs = PAUSE } = options;
  const keys = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;
  let writing = Promise.resolve();
  /** As it was written last. */
  let said = '';
  let isClosed = false;

  /** Writes after `ms`, unless that is to happen sooner already. */
  function later(ms: number): void {
    const due = performance.now() + ms;
    if (isClosed || (timer !== undefined && due >= dueAt)) return;
    clearTimeout(timer);
    dueAt = due;
    timer = setTimeout(() => {
      timer = undefined;
      writing = writing.then(write);
    }, ms);
    timer.unref();
  }

  async function write(): Promise<void> {
    const now = [...keys];
    try {
      if (now.length > 0) {
        const document = { keys: now, expiresAt: Date.now() + LIFETIME };
        await store.put(bucket, objectKey, Buffer.from(JSON.stringify(document)), {
          contentType: 'application/json',
        });
      } else if (said !== '') await store.delete(bucket, objectKey);
      said = now.join('\n');
    } catch (error) {
      logger.debug({ reason: messageOf(error) }, 'what is in hand could not be told');
    }
    if (keys.size > 0 || said !== '') later([...keys].join('\n') === said ? RENEWAL : pauseMs);
  }

  return {
    begin(key) {
      if (!isAskedFor(key)) return () => {};
      keys.add(key);
      later(pauseMs);
      return () => {
        keys.delete(key);
        later(pauseMs);
      };
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await writing;
      if (said !== '') await store.delete(bucket, objectKey).catch(() => {});
    },
  };
}

export interface WorkInHandReader {
  /** The inputs that workers have in hand, about a second old at most; none where that cannot be read. */
  keys(): Promise<ReadonlySet<string>>;
}

export function createWorkInHandReader(store: ObjectStore, bucket: string, folder: string): WorkInHandReader {
  let reading: { readonly at: number; readonly keys: Promise<ReadonlySet<string>> } | undefined;

  async function read(): Promise<ReadonlySet<string>> {
    const keys = new Set<string>();
    for await (const { key, lastModified } of store.list(bucket, { prefix: folder })) {
      const age = Date.now() - lastModified.getTime();
      if (age > LEFT_BEHIND) await store.delete(bucket, key);
      // Twice the lifetime: the clock of the store may be another.
      if (age > 2 * LIFETIME) continue;
      const document = (await readDocument(store, bucket, key, inHandSchema))?.content;
      if (document !== undefined && document.expiresAt > Date.now())
        for (const inHand of document.keys) keys.add(inHand);
    }
    return keys;
  }

  return {
    keys() {
      // Shared by all who ask at about the same time.
      if (reading === undefined || performance.now() - reading.at > PAUSE)
        reading = { at: performance.now(), keys: read().catch(() => new Set()) };
      return reading.keys;
    },
  };
}
