import { type CostLine, costOf } from './cost-line.js';

/** Pictures that the device computes for a batch of `n`: it may pad batches to a few sizes. */
export type BucketOf = (n: number) => number;

/**
 * How much the end of the last picture weighs against the mean: it delays everything that comes later. So large that
 * a device near its limit uses what little batches save, so small that it does not where nothing is short.
 */
const LAST_WEIGHT = 10;

/**
 * Pictures of the next batch, 1 to `maxBatch`, when `waiting` ones are served in batches of that size: the size with
 * the least weighted sum of mean and last completion. Where a batch costs as much as its pictures one by one that is
 * 1, because everyone in it waits for its last; where the fixed cost is large, everything.
 */
export function bestBatchSize(line: CostLine, waiting: number, maxBatch: number, bucketOf: BucketOf): number {
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  for (let size = 1; size <= Math.min(waiting, maxBatch); size += 1) {
    const full = Math.floor(waiting / size);
    const rest = waiting % size;
    const each = costOf(line, bucketOf(size));
    const last = full * each + (rest === 0 ? 0 : costOf(line, bucketOf(rest)));
    const mean = ((size * each * full * (full + 1)) / 2 + rest * last) / waiting;
    const score = mean + LAST_WEIGHT * last;
    // Of equal ones the larger: it leaves more room for what comes next.
    if (score <= least) {
      least = score;
      best = size;
    }
  }
  return best;
}
