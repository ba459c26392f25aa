import { ClearcutError } from '../errors.js';
import type { Logger } from '../telemetry/logger.js';
import type { Delivery, EventSource, ObjectEvent } from './event-source.js';
import { createLocalQueue } from './local-queue.js';
import { createQueueSource } from './queue-source.js';
import { parseS3Events } from './s3-events.js';
import { type Journal, type JournalEntry, openJournal } from './webhook/journal.js';

export interface WebhookSourceOptions {
  /** Folder for accepted events whose outcome is not stored yet; made where it does not exist. One process uses it. */
  readonly journalFolder: string;
  /** Objects with accepted events that may wait or be worked on; while there are more, senders are refused. */
  readonly capacity: number;
  /** Objects to speak of; events of others are taken and forgotten. Default: all. */
  readonly accepts?: (bucket: string, key: string) => boolean;
  readonly logger: Logger;
}

export interface WebhookSource extends EventSource {
  /**
   * Takes one notification, as JSON text. When this resolves, its events survive a crash: the sender may forget them.
   * Returns how many there were for us. Throws EVENT_INVALID, or what a sender may try again: EVENT_SOURCE_UNAVAILABLE
   * while `capacity` objects wait, STORE_UNAVAILABLE where the journal cannot be written.
   */
  receive(body: string): Promise<number>;
  readonly counts: () => WebhookCounts;
}

export interface WebhookCounts {
  /** Objects with events that wait or are worked on; each has a file in the journal. */
  readonly pending: number;
  /** Notifications that were refused because `capacity` objects waited. */
  readonly refused: number;
}

const NAME = 'webhook';

/**
 * S3 events that are posted to our own HTTP server (see registerWebhookRoute): by MinIO, by Ceph, by anything that
 * sends the notifications of S3. A journal on disk stands in for the broker: an event stays there until its delivery
 * is acked or terminated, and what is there when the process starts is handed out again. The last event of an object
 * replaces those before it. Events are taken also while nobody consumes; they are handed out later.
 */
export function createWebhookSource(options: WebhookSourceOptions): WebhookSource {
  const { journalFolder, capacity, accepts = () => true, logger } = options;
  // Bounded by `capacity` all the same: it never holds more objects than `pending`.
  const queue = createLocalQueue({ source: NAME, capacity: Number.MAX_SAFE_INTEGER });
  /** The newest event of each object, by bucket and key. */
  const pending = new Map<string, JournalEntry>();
  let opening: Promise<Journal> | undefined;
  let isConsumed = false;
  let refused = 0;
  /** Objects that `pending` is about to hold. */
  let writing = 0;

  /** Opens the journal once; after a failure the next call tries again. */
  function journalOpened(): Promise<Journal> {
    opening ??= openAndReplay().catch((thrown: unknown) => {
      opening = undefined;
      throw thrown;
    });
    return opening;
  }

  async function openAndReplay(): Promise<Journal> {
    const { journal, entries } = await openJournal(journalFolder, logger);
    if (entries.length > 0)
      logger.info({ events: entries.length }, 'webhook events of an earlier run are waiting');
    for (const entry of entries) await enter(entry, journal);
    return journal;
  }

  async function receive(body: string): Promise<number> {
    const events = newestOfEach(parseS3Events(body, { keys: 'query-escaped' }).filter(isOurs));
    const journal = await journalOpened();
    const added = [...events.keys()].filter((id) => !pending.has(id)).length;
    if (added > 0 && pending.size + writing + added > capacity) {
      refused += 1;
      throw new ClearcutError('EVENT_SOURCE_UNAVAILABLE', `${pending.size} objects wait already.`, {
        remedy: 'Send the event again later.',
      });
    }
    if (events.size === 0) return 0;
    writing += added;
    try {
      for (const entry of await journal.add([...events.values()])) await enter(entry, journal);
    } finally {
      writing -= added;
    }
    return events.size;
  }

  /** The entry is on disk: makes it the one that counts for its object. */
  async function enter(entry: JournalEntry, journal: Journal): Promise<void> {
    const id = idOf(entry.event);
    const replaced = pending.get(id);
    // Files are written side by side, and a later one may be finished first.
    if (replaced !== undefined && replaced.order > entry.order) return journal.remove(entry);
    pending.set(id, entry);
    if (isConsumed) queue.push(entry.event);
    if (replaced !== undefined) await journal.remove(replaced);
  }

  const source = createQueueSource({
    name: NAME,
    queue,
    async produce(signal) {
      await journalOpened();
      if (signal.aborted) return;
      isConsumed = true;
      for (const { event } of pending.values()) queue.push(event);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      isConsumed = false;
    },
  });

  async function* deliveries(signal: AbortSignal): AsyncGenerator<Delivery, void, undefined> {
    for await (const delivery of source.deliveries(signal)) yield journaled(delivery);
  }

  /**
   * Ends the event in the journal and then in the queue. The journal knows it also after the consumer has left, when
   * the queue has forgotten it, so that a service may drain.
   */
  function journaled(delivery: Delivery): Delivery {
    let isOpen = true;
    async function finish(end: () => Promise<void>): Promise<void> {
      if (!isOpen) return;
      isOpen = false;
      const id = idOf(delivery.event);
      const entry = pending.get(id);
      // A newer event has an entry of its own, which stays.
      if (entry?.event === delivery.event) {
        pending.delete(id);
        await (await journalOpened()).remove(entry);
      }
      await end();
    }
    return {
      ...delivery,
      ack: () => finish(delivery.ack),
      terminate: (reason) => finish(() => delivery.terminate(reason)),
      async nack(delayMs) {
        if (!isOpen) return;
        isOpen = false;
        await delivery.nack(delayMs);
      },
    };
  }

  function isOurs({ bucket, key }: ObjectEvent): boolean {
    return accepts(bucket, key);
  }

  return {
    name: NAME,
    deliveries,
    backlog: async () => queue.backlog(),
    receive,
    counts: () => ({ pending: pending.size, refused }),
  };
}

function newestOfEach(events: readonly ObjectEvent[]): Map<string, ObjectEvent> {
  return new Map(events.map((event) => [idOf(event), event]));
}

/** Bucket names hold no slash, so this is unambiguous. */
function idOf({ bucket, key }: ObjectEvent): string {
  return `${bucket}/${key}`;
}
