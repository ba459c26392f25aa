import { describe, expect, it } from 'vitest';
import { createBatcher } from '../../../../src/inference/batcher.js';
import { arrivals, PATTERNS } from '../../../../src/inference/batching/arrivals.js';
import { replay } from '../../../../src/inference/batching/replay.js';
import { fixedDelay, quantile, simulate } from '../../../../src/inference/batching/simulator.js';

const CPU = { perPictureMs: 170, fixedMs: 2 };
const GPU = { perPictureMs: 4, fixedMs: 30 };
const MAX_BATCH = 8;
const DELAYS = [0, 5, 10, 20, 50];

describe('arrivals', () => {
  it.each(PATTERNS)(
    'of the pattern %s ascend, repeat with the seed, and have the rate asked for',
    (pattern) => {
      const times = arrivals({ pattern, rate: 50, count: 20_000, seed: 3 });
      expect(times).toHaveLength(20_000);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times).toEqual(arrivals({ pattern, rate: 50, count: 20_000, seed: 3 }));
      const rate = (1000 * times.length) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
      expect(rate).toBeGreaterThan(46);
      expect(rate).toBeLessThan(54);
    },
  );
});

describe('simulator', () => {
  it('gives what can be reckoned by hand', () => {
    // 0 starts alone and takes 34 ms; 10 and 20 wait for it and take 38 ms together; 100 finds nobody.
    const options = { arrivals: [0, 10, 20, 100], cost: GPU };
    const { latencies, batches, elapsedMs } = simulate({ ...options, policy: fixedDelay(MAX_BATCH, 0) });
    expect([...latencies]).toEqual([34, 62, 52, 34]);
    expect({ batches, elapsedMs }).toEqual({ batches: 3, elapsedMs: 134 });
    // With a delay of 15 ms the first two go together at 15 ms, the third at the end of their batch.
    const delayed = simulate({ ...options, policy: fixedDelay(MAX_BATCH, 15) });
    expect([...delayed.latencies]).toEqual([53, 43, 67, 49]);
  });

  it('serves two pictures at once with two servers', () => {
    const policy = fixedDelay(1, 0);
    const { latencies } = simulate({ policy, arrivals: [0, 0, 0], cost: GPU, servers: 2 });
    expect([...latencies]).toEqual([34, 34, 68]);
  });

  it.each(PATTERNS)('agrees with the replay that the batcher learns from: %s', (pattern) => {
    const times = arrivals({ pattern, rate: 60, count: 800, seed: 11 });
    for (const delay of DELAYS) {
      const simulated = simulate({ policy: fixedDelay(MAX_BATCH, delay), arrivals: times, cost: GPU });
      const device = {
        servers: 1,
        sizeOf: (waiting: number) => Math.min(waiting, MAX_BATCH),
        costOf: (size: number) => GPU.perPictureMs * size + GPU.fixedMs,
      };
      const replayed = replay(times, { waitMs: delay, target: MAX_BATCH }, device);
      for (const [index, latency] of replayed.entries()) {
        expect(latency).toBeCloseTo(simulated.latencies[index] ?? 0, 6);
      }
    }
  });
});

/** The 95th percentiles of the batcher and of the best policy with a delay that was known beforehand. */
function contest(options: {
  pattern: (typeof PATTERNS)[number];
  cost: typeof GPU;
  load: number;
  seed: number;
}) {
  const { pattern, cost, load, seed } = options;
  const rate = (load * 1000 * MAX_BATCH) / (cost.perPictureMs * MAX_BATCH + cost.fixedMs);
  const times = arrivals({ pattern, rate, count: 6_000, seed });
  const p95 = (policy: ReturnType<typeof fixedDelay>) =>
    quantile(simulate({ policy, arrivals: times, cost }).latencies, 0.95);
  const adaptive = p95(createBatcher<number>({ maxBatch: MAX_BATCH, capacity: Number.POSITIVE_INFINITY }));
  const best = Math.min(...DELAYS.map((delay) => p95(fixedDelay(MAX_BATCH, delay))));
  return adaptive / best;
}

describe('the batcher against the best fixed delay of 0, 5, 10, 20 and 50 ms, chosen with hindsight', () => {
  const LOADS = [0.07, 0.33, 0.57, 0.88];
  const SEEDS = [101, 202];

  it.each(
    [['CPU', CPU] as const, ['GPU', GPU] as const].flatMap(([device, cost]) =>
      PATTERNS.map((pattern) => ({ device, cost, pattern })),
    ),
  )('has a 95th percentile within 5 % of it: $pattern arrivals, $device', ({ cost, pattern }) => {
    for (const load of LOADS) {
      for (const seed of SEEDS) {
        const ratio = contest({ pattern, cost, load, seed });
        expect(ratio, `load ${load}, seed ${seed}`).toBeLessThanOrEqual(1.05);
      }
    }
  });

  it('learns that a CPU gains nothing: single pictures, and latencies below those of batches', () => {
    const times = arrivals({ pattern: 'poisson', rate: 4, count: 2_000, seed: 7 });
    const policy = createBatcher<number>({ maxBatch: MAX_BATCH, capacity: Number.POSITIVE_INFINITY });
    const { latencies, batches } = simulate({ policy, arrivals: times, cost: CPU });
    const eager = simulate({ policy: fixedDelay(MAX_BATCH, 0), arrivals: times, cost: CPU });
    expect(2_000 / batches).toBeLessThan(1.02);
    expect(quantile(latencies, 0.95)).toBeLessThan(0.9 * quantile(eager.latencies, 0.95));
  });

  it('finds out by itself that pairs gain, though without a wait it never sees two pictures together', () => {
    const times = Array.from({ length: 1_000 }, (_, index) => 500 * (index >> 1) + 3 * (index % 2));
    const policy = createBatcher<number>({ maxBatch: MAX_BATCH, capacity: Number.POSITIVE_INFINITY });
    const { batches, latencies } = simulate({ policy, arrivals: times, cost: GPU });
    expect(batches).toBeLessThan(600);
    expect(quantile(latencies, 0.5)).toBeLessThan(50);
    expect(policy.line?.fixedMs).toBeCloseTo(30, 5);
  });

  it('gains much where pictures come in groups', () => {
    const times = arrivals({ pattern: 'groups', rate: 10, count: 3_000, seed: 7 });
    const policy = createBatcher<number>({ maxBatch: MAX_BATCH, capacity: Number.POSITIVE_INFINITY });
    const adaptive = simulate({ policy, arrivals: times, cost: GPU });
    const eager = simulate({ policy: fixedDelay(MAX_BATCH, 0), arrivals: times, cost: GPU });
    expect(adaptive.batches).toBeLessThan(0.8 * eager.batches);
    expect(quantile(adaptive.latencies, 0.5)).toBeLessThan(0.9 * quantile(eager.latencies, 0.5));
  });
});
