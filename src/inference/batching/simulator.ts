import { seededRandom } from '../../seeded-random.js';
import { type CostLine, costOf } from './cost-line.js';

/** What decides about batches: the batcher itself, or another to compare it with. Milliseconds on one clock. */
export interface BatchPolicy {
  add(item: number, now: number): unknown;
  /** Asked for one free worker whenever something has changed. */
  next(now: number): { kind: 'run'; items: number[] } | { kind: 'wait'; until: number } | { kind: 'idle' };
  observe(size: number, durationMs: number): void;
}

export interface SimulationOptions {
  readonly policy: BatchPolicy;
  /** When pictures arrive, ascending. */
  readonly arrivals: readonly number[];
  readonly cost: CostLine;
  /** Workers that serve at the same time; 1 unless given. */
  readonly servers?: number;
  /** Relative standard deviation of the durations, 0 unless given: real batches never take the same time twice. */
  readonly noise?: number;
  readonly seed?: number;
}

export interface SimulationResult {
  /** Milliseconds from arrival to the end of its batch, of each picture in order of arrival. */
  readonly latencies: Float64Array;
  readonly batches: number;
  /** From the first arrival to the end of the last batch. */
  readonly elapsedMs: number;
}

/** Plays arrivals against a policy, event by event, in simulated time. */
export function simulate(options: SimulationOptions): SimulationResult {
  const { policy, arrivals, cost, servers = 1, noise = 0, seed = 1 } = options;
  const random = seededRandom(seed);
  const latencies = new Float64Array(arrivals.length);
  const running: { endsAt: number; items: number[]; durationMs: number }[] = [];
  let arrived = 0;
  let batches = 0;
  let now = arrivals[0] ?? 0;
  let wake = Number.POSITIVE_INFINITY;

  for (;;) {
    for (; (arrivals[arrived] ?? Number.POSITIVE_INFINITY) <= now; arrived += 1) policy.add(arrived, now);
    for (const batch of running.filter(({ endsAt }) => endsAt <= now)) {
      running.splice(running.indexOf(batch), 1);
      for (const item of batch.items) latencies[item] = now - (arrivals[item] ?? 0);
      policy.observe(batch.items.length, batch.durationMs);
    }
    wake = Number.POSITIVE_INFINITY;
    while (running.length < servers) {
      const decision = policy.next(now);
      if (decision.kind === 'wait') wake = decision.until;
      if (decision.kind !== 'run') break;
      const durationMs = costOf(cost, decision.items.length) * Math.max(0.2, 1 + noise * normal(random));
      running.push({ endsAt: now + durationMs, items: decision.items, durationMs });
      batches += 1;
    }
    const next = Math.min(
      arrivals[arrived] ?? Number.POSITIVE_INFINITY,
      wake,
      ...running.map(({ endsAt }) => endsAt),
    );
    if (next === Number.POSITIVE_INFINITY) return { latencies, batches, elapsedMs: now - (arrivals[0] ?? 0) };
    if (!(next > now)) throw new Error(`the policy waits until ${next} at ${now}`);
    now = next;
  }
}

/**
 * The policies that batchers commonly offer: the largest batch available once it is full or its oldest picture has
 * waited `delayMs`. 0 never waits.
 */
export function fixedDelay(maxBatch: number, delayMs: number): BatchPolicy {
  const waiting: { item: number; at: number }[] = [];
  return {
    add: (item, now) => void waiting.push({ item, at: now }),
    next(now) {
      const [oldest] = waiting;
      if (oldest === undefined) return { kind: 'idle' };
      const until = oldest.at + delayMs;
      if (waiting.length < maxBatch && until > now) return { kind: 'wait', until };
      return { kind: 'run', items: waiting.splice(0, maxBatch).map(({ item }) => item) };
    },
    observe() {},
  };
}

/** The value that a share (0..1) of the values does not exceed: nearest rank. */
export function quantile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Two uniform numbers make a normal one (Box and Muller, 1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
