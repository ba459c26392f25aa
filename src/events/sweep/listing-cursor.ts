import { compareKeys } from '../../storage/key-order.js';
import type { ObjectStore, ObjectSummary } from '../../storage/object-store.js';

export interface ListingCursorOptions {
  readonly store: ObjectStore;
  readonly bucket: string;
  /** The listing begins after this key; empty for all. */
  readonly startAfter: string;
  /** Objects read and not asked for that are remembered, at most. */
  readonly remember: number;
}

/**
 * One listing, read forward once and only as far as needed, that answers which of its keys exist. It remembers a
 * stretch of what it has read, because the keys asked for need not come in quite the listing's order; of keys
 * outside that stretch it says that it does not know.
 */
export interface ListingCursor {
  /** Reads on until every key up to this one has been read. */
  readTo(key: string): Promise<void>;
  /** Undefined: there was no such object when its place in the listing was read. Asking once uses the answer up. */
  take(key: string): ObjectSummary | undefined | 'unknown';
  close(): Promise<void>;
}

export function createListingCursor(options: ListingCursorOptions): ListingCursor {
  const { store, bucket, startAfter, remember } = options;
  const listing = store.list(bucket, { ...(startAfter !== '' && { startAfter }) })[Symbol.asyncIterator]();
  const read = new Map<string, ObjectSummary>();
  /** Nothing is known of this key and those before it. */
  let forgottenTo = startAfter;
  let readTo = startAfter;
  let next: ObjectSummary | undefined;
  let ended = false;

  function keep(object: ObjectSummary): void {
    read.set(object.key, object);
    const [oldest] = read.keys();
    if (read.size <= remember || oldest === undefined) return;
    read.delete(oldest);
    forgottenTo = oldest;
  }

  return {
    async readTo(key) {
      if (compareKeys(key, readTo) > 0) readTo = key;
      while (!ended) {
        if (next !== undefined && compareKeys(next.key, readTo) > 0) return;
        if (next !== undefined) keep(next);
        const { done, value } = await listing.next();
        ended = done === true;
        next = done ? undefined : value;
      }
    },
    take(key) {
      const found = read.get(key);
      read.delete(key);
      if (found !== undefined) return found;
      const known = compareKeys(key, forgottenTo) > 0 && compareKeys(key, readTo) <= 0;
      return known ? undefined : 'unknown';
    },
    async close() {
      ended = true;
      await listing.return?.();
    },
  };
}
