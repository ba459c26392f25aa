// Measures what one pair of 12 megapixels costs in each measure: node bench/evaluate/scores.mjs
// Needs a build. Processor time, so that a busy machine tells the same.
import { alphaErrors } from '../../dist/evaluate/alpha-errors.js';
import { connectivityError } from '../../dist/evaluate/connectivity.js';
import { gradientError } from '../../dist/evaluate/gradient.js';
import { sMeasure } from '../../dist/evaluate/s-measure.js';
import { scoresOf } from '../../dist/evaluate/scores.js';
import { countLevels } from '../../dist/evaluate/threshold-counts.js';
import { weightedFMeasure } from '../../dist/evaluate/weighted-f-measure.js';

const width = 4000;
const height = 3000;

/** An ellipse with an edge `soft` pixels wide, and a comb of hairs. */
function draw(shift, soft) {
  const data = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const distance = 1 - Math.hypot((x - 2000 - shift) / 1200, (y - 1500) / 1000);
      const hair = Math.abs(distance) < 0.1 && (x + y) % 23 < 4 ? 90 : 0;
      data[at] = Math.max(hair, Math.min(255, Math.max(0, 128 + (distance * 1100 * 255) / soft)));
    }
  }
  return { data, width, height };
}

const matte = draw(3, 12);
const truth = draw(0, 6);
const counts = countLevels(matte, truth);

const parts = {
  'threshold counts': () => countLevels(matte, truth),
  's-measure': () => sMeasure(matte, truth, counts),
  'weighted f-measure': () => weightedFMeasure(matte, truth),
  gradient: () => gradientError(matte, truth, undefined),
  connectivity: () => connectivityError(matte, truth, undefined),
  'all alpha errors': () => alphaErrors(matte, truth),
  'all measures': () => scoresOf({ matte, truth, isAlpha: true }),
};
for (const [name, run] of Object.entries(parts)) {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  process.stdout.write(`${name.padEnd(20)} ${((user + system) / 1e6).toFixed(2)} s\n`);
}
process.stdout.write(`most memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB\n`);
