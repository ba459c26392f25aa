// Compares Clearcut with its peers on the same images and weights, in interleaved rounds:
//   node bench/peers/run.mjs --images DIR [--count N] [--rounds N] [--json FILE] [--folder DIR] [-- FLAGS OF CLEARCUT]
// Each round runs each program in a process of its own: bytes of an image in, bytes of a PNG out, the model warm after one
// image. The peers run one image after the other, which is all they do. Clearcut runs its whole pipeline, records and
// links included: as it comes, and one image at a time.
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { clearcut } from '../programs.mjs';
import { PEERS } from './peers.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    images: { type: 'string' },
    count: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
    folder: { type: 'string', default: join(tmpdir(), 'clearcut-peers') },
  },
});
if (values.images === undefined)
  throw new Error('--images DIR is needed: a folder of JPEG, PNG or WebP files.');
const rounds = Number(values.rounds);

const picked = await mkdtemp(join(tmpdir(), 'clearcut-peers-images-'));
try {
  const images = await pick(resolve(values.images), Number(values.count));
  const { contenders, missing } = await contendersFor(resolve(values.folder), images);
  const measured = await measure(contenders, missing);
  const rows = summarise(measured);
  show(rows, missing, images.length);
  if (values.json !== undefined) {
    const report = { images: images.length, rounds, rows, missing, machine: machineOf(measured) };
    await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
} finally {
  await rm(picked, { recursive: true, force: true });
}

/** Copies the first images of the folder, so that every program sees these and no others. */
async function pick(folder, count) {
  const names = (await readdir(folder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort();
  if (names.length === 0) throw new Error(`There are no JPEG, PNG or WebP files in ${folder}.`);
  const images = [];
  for (const name of names.slice(0, count)) {
    const file = join(picked, name.toLowerCase());
    await copyFile(join(folder, name), file);
    images.push(file);
  }
  return images;
}

/** Everything that can be had here, ready to measure, and what could not be had. */
async function contendersFor(folder, images) {
  const contenders = [
    { name: 'Clearcut', measure: () => measureClearcut(images.length) },
    {
      name: 'Clearcut, one image at a time',
      measure: () => measureClearcut(images.length, '--concurrency', '1'),
    },
  ];
  const missing = [];
  for (const { name, install, measure } of PEERS) {
    say(`making ${name} ready`);
    try {
      const installed = await install(folder);
      contenders.push({ name, measure: () => measure(installed, [images[0], ...images]) });
    } catch (error) {
      missing.push({ name, reason: error.message });
    }
  }
  return { contenders, missing };
}

async function measureClearcut(count, ...flags) {
  const args = [
    'bench',
    '--input',
    picked,
    '--images',
    String(count),
    '--warmup',
    '1',
    ...flags,
    ...positionals,
  ];
  const report = await clearcut(args);
  return {
    wall: 1000 / report.imagesPerSecond,
    cpu: 1000 * report.cpu.secondsPerImage,
    versions: versionsOf(report),
    report,
  };
}

function versionsOf({ version, machine }) {
  return [`clearcut ${version}`, `onnxruntime-node ${machine.onnxruntime}`, `sharp ${machine.sharp}`];
}

/** A B C, A B C, ...: what the machine does meanwhile meets all of them. */
async function measure(contenders, missing) {
  const measured = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const { name, measure } of contenders) {
      if (!measured.has(name)) continue;
      say(`round ${round} of ${rounds}: ${name}`);
      try {
        measured.get(name).push(await measure());
      } catch (error) {
        // Without Clearcut there is nothing to compare.
        if (!PEERS.some((peer) => peer.name === name)) throw error;
        measured.delete(name);
        missing.push({ name, reason: error.message });
      }
    }
  }
  return measured;
}

function summarise(measured) {
  const rows = [...measured].map(([name, results]) => ({
    name,
    versions: results[0].versions,
    wall: median(results.map(({ wall }) => wall)),
    cpu: median(results.map(({ cpu }) => cpu)),
  }));
  const [clearcutRow] = rows;
  return rows.map((row) => ({
    ...row,
    ratio: row.wall / clearcutRow.wall,
    cpuRatio: row.cpu / clearcutRow.cpu,
  }));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function machineOf(measured) {
  const [{ report }] = measured.get('Clearcut');
  return { ...report.machine, model: report.setup.model };
}

function show(rows, missing, count) {
  const head = ['', 'ms an image', 'of processor', 'times Clearcut'];
  const cells = rows.map(({ name, wall, cpu, ratio }) => [
    name,
    wall.toFixed(0),
    cpu.toFixed(0),
    ratio.toFixed(2),
  ]);
  const widths = head.map((_, at) => Math.max(...[head, ...cells].map((row) => row[at].length)));
  const line = ([name, ...numbers]) =>
    [name.padEnd(widths[0]), ...numbers.map((text, at) => text.padStart(widths[at + 1]))].join('  ');
  const versions = [...new Set(rows.map((row) => row.versions.join(', ')))];
  const absent = missing.map(({ name, reason }) => `not measured: ${name}: ${reason}`);
  const foot = `${count} images a round; medians of ${rounds} rounds`;
  process.stdout.write(`${[...[head, ...cells].map(line), foot, ...versions, ...absent].join('\n')}\n`);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
