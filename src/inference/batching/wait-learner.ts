import { type BucketOf, bestBatchSize } from './batch-size.js';
import { type CostLine, costOf } from './cost-line.js';
import { type Device, replay, tailOf, type WaitRule } from './replay.js';

/** Arrivals that are remembered: enough for a 95th percentile that means something. */
const REMEMBERED = 1024;
/** Arrivals before the first choice, and between two. */
const FIRST_REVIEW = 24;
const REVIEW_EVERY = 64;
/** Share of the slow latencies that waiting has to save at least: gains in the past are only a guess at the future. */
const LEAST_GAIN = 0.02;
/** By what share a rule has to beat the one in force, with so many arrivals known: less is chance. */
const marginOf = (arrivals: number) => 2 / arrivals;
/** Waits that are tried, as shares of the fixed cost of a batch: a longer wait would cost about what it saves. */
const WAIT_SHARES = [0.0625, 0.094, 0.14, 0.21, 0.32, 0.47, 0.71, 1.07];
/** Targets that are tried, as shares of the largest batch. */
const TARGET_SHARES = [0.25, 0.375, 0.5, 0.75];

/** Share of the pictures. */
const OFTEN = 0.1;

const NO_WAIT: WaitRule = { waitMs: 0, target: 1 };

export interface WaitLearnerOptions {
  readonly maxBatch: number;
  readonly maxWaitMs: number;
  readonly servers: number;
  readonly bucketOf: BucketOf;
}

/**
 * Chooses how long to wait for a fuller batch. What arrives does not depend on how it is batched, so no experiment
 * is needed: the last arrivals are replayed under every rule with the fitted line, and the rule with the lowest
 * tail of latencies is used from then on.
 */
export class WaitLearner {
  readonly #options: WaitLearnerOptions;
  #arrivals: number[] = [];
  #untilReview = FIRST_REVIEW;
  #rule = NO_WAIT;

  constructor(options: WaitLearnerOptions) {
    this.#options = options;
  }

  arrived(now: number): void {
    // One that waited for room is told of late.
    this.#arrivals.push(Math.max(now, this.#arrivals.at(-1) ?? now));
    if (this.#arrivals.length >= 2 * REMEMBERED) this.#arrivals = this.#arrivals.slice(-REMEMBERED);
    this.#untilReview -= 1;
  }

  /** Whether a picture is often, one time in ten, followed by another within this time. */
  oftenFollows(withinMs: number): boolean {
    const arrivals = this.#arrivals.slice(-REMEMBERED);
    const close = arrivals.filter(
      (time, index) => time - (arrivals[index - 1] ?? Number.NEGATIVE_INFINITY) <= withinMs,
    );
    return close.length >= OFTEN * arrivals.length;
  }

  /** The rule for a device with this line. */
  ruleFor(line: CostLine): WaitRule {
    if (this.#untilReview <= 0) {
      this.#untilReview = REVIEW_EVERY;
      this.#rule = this.#review(line);
    }
    return this.#rule;
  }

  #review(line: CostLine): WaitRule {
    const { maxBatch, maxWaitMs, servers, bucketOf } = this.#options;
    const sizes: number[] = [];
    const sizeOf = (waiting: number) => {
      sizes[waiting] ??= bestBatchSize(line, waiting, maxBatch, bucketOf);
      return sizes[waiting];
    };
    // Where a full batch would not be taken, none is worth waiting for.
    if (maxWaitMs <= 0 || sizeOf(maxBatch) === 1) return NO_WAIT;

    const device: Device = { servers, sizeOf, costOf: (size) => costOf(line, bucketOf(size)) };
    const arrivals = this.#arrivals.slice(-REMEMBERED);
    const tailUnder = (rule: WaitRule) =>
      tailOf(replay(arrivals, rule, device)) * (rule.waitMs === 0 ? 1 - LEAST_GAIN : 1);
    const current = { ...this.#rule, waitMs: Math.min(this.#rule.waitMs, maxWaitMs) };
    const candidates = [
      NO_WAIT,
      ...WAIT_SHARES.map((share) => ({
        waitMs: Math.min(share * line.fixedMs, maxWaitMs),
        target: maxBatch,
      })),
    ];
    const [best, tail] = lowest(candidates, tailUnder);
    const targets = TARGET_SHARES.map((share) => ({
      waitMs: best.waitMs,
      target: Math.max(2, Math.round(share * maxBatch)),
    }));
    const [bestWithTarget, tailWithTarget] = lowest(best === NO_WAIT ? [best] : targets, tailUnder);
    const challenger = tailWithTarget < tail ? bestWithTarget : best;
    const gain = 1 - Math.min(tail, tailWithTarget) / tailUnder(current);
    return gain > marginOf(arrivals.length) ? challenger : current;
  }
}

function lowest(rules: readonly WaitRule[], tailUnder: (rule: WaitRule) => number): [WaitRule, number] {
  let best = NO_WAIT;
  let least = Number.POSITIVE_INFINITY;
  for (const rule of rules) {
    const tail = tailUnder(rule);
    if (tail < least) {
      best = rule;
      least = tail;
    }
  }
  return [best, least];
}
