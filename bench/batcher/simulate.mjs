// How batching policies would serve the same arrivals, in simulated time: node bench/batcher/simulate.mjs [seeds]
// Prints the table of docs/performance.md. Needs a build (npm run build).
import { createBatcher } from '../../dist/inference/batcher.js';
import { arrivals, PATTERNS } from '../../dist/inference/batching/arrivals.js';
import { fixedDelay, quantile, simulate } from '../../dist/inference/batching/simulator.js';

const SEEDS = Number(process.argv[2] ?? 5);
const COUNT = 3_000;
const MAX_BATCH = 8;
/** Of what the device can do at most, in full batches. */
const LOADS = [0.2, 0.6];
const COSTS = {
  'CPU-like, 170 n + 2 ms': { perPictureMs: 170, fixedMs: 2 },
  'GPU-like, 4 n + 30 ms': { perPictureMs: 4, fixedMs: 30 },
};
const POLICIES = {
  'no delay': () => fixedDelay(MAX_BATCH, 0),
  'fixed 5 ms': () => fixedDelay(MAX_BATCH, 5),
  'fixed 20 ms': () => fixedDelay(MAX_BATCH, 20),
  adaptive: () => createBatcher({ maxBatch: MAX_BATCH, capacity: Number.POSITIVE_INFINITY }),
};

for (const [device, cost] of Object.entries(COSTS)) {
  print(`**${device}**\n`);
  print('| Arrivals | Load | Policy | p50 ms | p95 ms | p99 ms | pictures/s | mean batch |');
  print('| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |');
  for (const pattern of PATTERNS) {
    for (const load of LOADS) {
      for (const [policy, create] of Object.entries(POLICIES)) {
        print(row([pattern, load, policy, ...measure(create, pattern, load, cost)]));
      }
    }
  }
  print('');
}

/** Means over the seeds. */
function measure(create, pattern, load, cost) {
  const rate = (load * 1000 * MAX_BATCH) / (cost.perPictureMs * MAX_BATCH + cost.fixedMs);
  const runs = Array.from({ length: SEEDS }, (_, seed) => {
    const policy = create();
    const times = arrivals({ pattern, rate, count: COUNT, seed });
    const { latencies, batches, elapsedMs } = simulate({ policy, arrivals: times, cost });
    return [
      quantile(latencies, 0.5),
      quantile(latencies, 0.95),
      quantile(latencies, 0.99),
      (1000 * COUNT) / elapsedMs,
      COUNT / batches,
    ];
  });
  const means = [0, 1, 2, 3, 4].map((column) => runs.reduce((sum, run) => sum + run[column], 0) / SEEDS);
  return means.map((value, column) => value.toFixed(column < 3 ? 0 : 2));
}

function row(cells) {
  return `| ${cells.join(' | ')} |`;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
