// How far the batcher's 95th percentile lies above that of the best fixed delay, chosen with hindsight for each run:
// node bench/batcher/contest.mjs [seeds]. Prints a line for each cost and pattern. Needs a build (npm run build).
import { createBatcher } from '../../dist/inference/batcher.js';
import { arrivals, PATTERNS } from '../../dist/inference/batching/arrivals.js';
import { fixedDelay, quantile, simulate } from '../../dist/inference/batching/simulator.js';

const SEEDS = Number(process.argv[2] ?? 10);
const COUNT = 3_000;
const MAX_BATCH = 8;
const DELAYS = [0, 5, 10, 20, 50];
const LOADS = [0.08, 0.22, 0.47, 0.59, 0.68, 0.93];
const COSTS = {
  CPU: { perPictureMs: 170, fixedMs: 2 },
  GPU: { perPictureMs: 4, fixedMs: 30 },
};

for (const [device, cost] of Object.entries(COSTS)) {
  for (const pattern of PATTERNS) {
    const runs = LOADS.flatMap((load) =>
      Array.from({ length: SEEDS }, (_, seed) => contest(cost, pattern, load, seed + 1)),
    );
    const far = runs.filter((run) => run.adaptive > 1.05).length;
    const fixed = DELAYS.map(
      (delay, at) => `${delay} ms ${percent(Math.max(...runs.map((r) => r.fixed[at])))}`,
    );
    process.stdout.write(
      `${device} ${pattern}: ${far} of ${runs.length} runs more than 5 % above the best, ` +
        `the worst ${percent(Math.max(...runs.map((run) => run.adaptive)))}; worst of ${fixed.join(', ')}\n`,
    );
  }
}

function contest(cost, pattern, load, seed) {
  const rate = (load * 1000 * MAX_BATCH) / (cost.perPictureMs * MAX_BATCH + cost.fixedMs);
  const times = arrivals({ pattern, rate, count: COUNT, seed: seed * 104_729 + Math.round(load * 7_000) });
  const p95 = (policy) => quantile(simulate({ policy, arrivals: times, cost }).latencies, 0.95);
  const fixed = DELAYS.map((delay) => p95(fixedDelay(MAX_BATCH, delay)));
  const best = Math.min(...fixed);
  const adaptive = p95(createBatcher({ maxBatch: MAX_BATCH, capacity: Number.POSITIVE_INFINITY }));
  return { adaptive: adaptive / best, fixed: fixed.map((value) => value / best) };
}

function percent(ratio) {
  return `${((ratio - 1) * 100).toFixed(1)} %`;
}
