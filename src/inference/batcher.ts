/**
 * The order in which waiting pictures go to the workers: first come, first served, in the largest batch available
 * and without ever waiting for one to fill. Pure: no timers, no I/O.
 */
export interface Batcher<Item> {
  add(item: Item): void;
  /** The next batch: up to `limit` items (`maxBatch` unless given), oldest first; empty when none waits. */
  take(limit?: number): Item[];
  /** Everything that waits, taken out. */
  drain(): Item[];
  readonly waiting: number;
}

export function createBatcher<Item>(maxBatch: number): Batcher<Item> {
  let queue: Item[] = [];
  return {
    add: (item) => void queue.push(item),
    take: (limit = maxBatch) => queue.splice(0, Math.min(limit, maxBatch)),
    drain() {
      const all = queue;
      queue = [];
      return all;
    },
    get waiting() {
      return queue.length;
    },
  };
}
