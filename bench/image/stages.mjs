// Processor time by stage of cutting out, all threads together, without the inference:
//   node bench/image/stages.mjs [--options JSON] [--rounds N] PICTURE...
// Options are those of src/image/options.ts: --options '{ "format": "webp" }'. Build first. The matte is drawn: an
// ellipse with a soft edge over a third of the picture. Of each picture the quickest round counts, so that other work on
// the machine shows less.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { layOut } from '../../dist/image/compose/layout.js';
import { findSubject } from '../../dist/image/compose/subject-box.js';
import { decode } from '../../dist/image/decode.js';
import { refineEdges } from '../../dist/image/edges/refine-edges.js';
import { writeFiles } from '../../dist/image/files.js';
import { decontaminate } from '../../dist/image/foreground/decontaminate.js';
import { wholeOf } from '../../dist/image/geometry.js';
import { resizeMatte } from '../../dist/image/matte.js';
import { toModelInput } from '../../dist/image/model-input.js';
import { DEFAULT_OPTIONS } from '../../dist/image/options.js';
import { configureImageRuntime } from '../../dist/image/runtime.js';

const SIDE = 1024;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    options: { type: 'string', default: '{}' },
    rounds: { type: 'string', default: '4' },
  },
});
configureImageRuntime();
const matte = drawMatte();
const options = { ...DEFAULT_OPTIONS, ...JSON.parse(values.options) };
const rows = [];
for (const file of positionals) rows.push(await measure(file, await readFile(file)));
// biome-ignore lint/suspicious/noConsole: a table for people is all this program is for.
console.table([...rows, mean(rows)]);

async function measure(file, bytes) {
  const best = {};
  let result = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    const timings = {};
    const stage = async (name, work) => {
      const before = process.cpuUsage();
      const made = await work();
      const { user, system } = process.cpuUsage(before);
      timings[name] = (user + system) / 1000;
      return made;
    };
    const picture = await stage('decode', () => decode(bytes));
    await stage('input', () => toModelInput(picture, SIDE));
    const full = await stage('matte', () => resizeMatte(matte, picture.width, picture.height));
    await stage('edges', () => refineEdges(picture, full, wholeOf(picture)));
    await stage('colours', () => decontaminate(picture, full));
    const [encoded] = await stage('encode', () => {
      const subject = findSubject(full);
      const layout = layOut(picture, subject, options);
      return writeFiles({ picture, matte: full, subject, layout, embedded: {} }, options);
    });
    for (const [name, ms] of Object.entries(timings)) best[name] = Math.min(best[name] ?? ms, ms);
    result = { megapixels: (picture.width * picture.height) / 1e6, megabytes: encoded.bytes.length / 1e6 };
  }
  const total = Object.values(best).reduce((sum, ms) => sum + ms, 0);
  return rounded({ picture: file.split('/').at(-1), ...result, ...best, total });
}

function mean(all) {
  const names = Object.keys(all[0] ?? {}).filter((name) => name !== 'picture');
  const means = names.map((name) => [name, all.reduce((sum, row) => sum + row[name], 0) / all.length]);
  return rounded({ picture: 'mean', ...Object.fromEntries(means) });
}

function rounded(row) {
  const round = (value) => (typeof value === 'number' ? Number(value.toFixed(1)) : value);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, round(value)]));
}

function drawMatte() {
  const data = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const distance = Math.hypot(x / SIDE - 0.5, y / SIDE - 0.5) / 0.33;
      data[y * SIDE + x] = Math.max(0, Math.min(255, (1 - distance) * 255 * 25 + 128));
    }
  }
  return { data, width: SIDE, height: SIDE };
}
