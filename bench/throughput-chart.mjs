// Measures what happens as images arrive faster and faster, and draws it: `npm run bench:chart`.
//   node bench/throughput-chart.mjs [--seconds N] [--out FILE.svg] [-- FLAGS OF clearcut bench]
// First the capacity, with all images at once; then arrival rates below and above it, each for about --seconds. Writes
// the chart, and what it was drawn from as JSON beside it.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { drawThroughput } from './chart/throughput.mjs';
import { clearcut } from './programs.mjs';

/** Arrival rates as shares of the capacity. */
const SHARES = [0.25, 0.5, 0.75, 0.9, 1, 1.25, 1.5];
/** Fewer images would say nothing of the slowest ones. */
const FEWEST = 6;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '14' },
    out: { type: 'string', default: 'docs/images/throughput.svg' },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error('--seconds: expected a number above 0.');

// A first guess of how many images fill the time, to measure the capacity with.
const guess = await bench({ images: FEWEST, rate: 0 });
const capacity = await bench({ images: imagesFor(guess.imagesPerSecond), rate: 0 });
say(`capacity: ${capacity.imagesPerSecond.toFixed(2)} images/s`);

const points = [];
for (const share of SHARES) {
  const rate = Number((share * capacity.imagesPerSecond).toPrecision(4));
  const report = await bench({ images: imagesFor(rate), rate });
  const { imagesPerSecond, latency, images, eventLoop, memory } = report;
  points.push({
    share,
    rate,
    images: images.done,
    imagesPerSecond,
    p50: latency.p50,
    p95: latency.p95,
    eventLoopP99: eventLoop.delay.p99,
    memoryPeak: memory.peak,
  });
  say(`${rate} arrivals/s: ${imagesPerSecond.toFixed(2)} images/s, p95 ${latency.p95.toFixed(0)} ms`);
}

const { machine, setup, pictures } = capacity;
const data = { capacity: capacity.imagesPerSecond, points, machine, setup, pictures };
await mkdir(dirname(values.out), { recursive: true });
await writeFile(values.out.replace(/\.svg$/, '.json'), `${JSON.stringify(data, null, 2)}\n`);
await writeFile(values.out, drawThroughput(data));
say(`wrote ${values.out}`);

async function bench({ images, rate }) {
  const load = ['--images', String(images), '--rate', String(rate), '--warmup', '2'];
  return clearcut(['bench', ...load, ...positionals]);
}

function imagesFor(rate) {
  return Math.max(FEWEST, Math.round(rate * seconds));
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
