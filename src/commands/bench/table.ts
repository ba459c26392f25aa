import type { BenchReport } from './report.js';
import type { Distribution } from './statistics.js';

const MiB = 1024 * 1024;

/** The report for people. */
export function tableOf(report: BenchReport): string {
  const { setup, images, latency, stages, inference, cpu, memory, eventLoop, bare, cost } = report;
  const { model } = setup;
  const rows: Array<[name: string, value: string]> = [
    ['load', loadOf(report)],
    ['pictures', picturesOf(report)],
    [
      'model',
      `${model.id} ${model.variant} at ${model.side} x ${model.side} on ${model.device}; ${setup.workers} x ${setup.threadsPerWorker} threads`,
    ],
    ['machine', machineOf(report)],
    ['images', `${images.done} done, ${images.failed} failed, ${images.retries} attempts repeated`],
    ['throughput', `${fixed(report.imagesPerSecond, 2)} images/s (${fixed(report.wallSeconds, 1)} s)`],
    ['batches', `${fixed(inference.meanBatch, 2)} pictures on average, at most ${setup.maxBatch}`],
    [
      'inference',
      `${ms(inference.perPicture)} ms a picture; the workers were busy ${percent(inference.busy)} of the time`,
    ],
    [
      'processor',
      `${fixed(cpu.coresUsed, 2)} of ${report.machine.cores} cores (${percent(cpu.share)}), ${fixed(cpu.secondsPerImage, 3)} s an image`,
    ],
    [
      'memory',
      `${mib(memory.peak)} at most, ${mib(memory.growth)} above the loaded model; budget for pictures ${mib(memory.budget)}`,
    ],
    [
      'event loop',
      `late by p50 ${ms(eventLoop.delay.p50)}, p99 ${ms(eventLoop.delay.p99)}, at most ${ms(eventLoop.delay.max)} ms`,
    ],
  ];
  if (bare !== undefined) {
    rows.push([
      'bare model',
      `${fixed(bare.imagesPerSecond, 2)} images/s, ${fixed(bare.cpuSecondsPerImage, 3)} s of processor an image; the pipeline reaches ${percent(bare.ratio)} of it`,
    ]);
  }
  if (cost !== undefined) {
    rows.push(['cost', `${fixed(cost.perThousand, 3)} for 1,000 images at ${cost.pricePerHour} an hour`]);
  }
  const times: Array<[string, Distribution]> = Object.entries(stages);
  if (latency !== undefined) times.push(['latency', latency]);
  const failures = images.failures.map(({ key, code, message }) => `failed: ${key}: ${code}: ${message}`);
  return [...columns(rows), '', ...columns(timesTable(times)), ...failures].join('\n');
}

function loadOf({ setup, images }: BenchReport): string {
  const { rate, concurrency, warmup, store } = setup;
  const arrivals = rate === 0 ? 'all at once' : `${rate} arrivals a second (Poisson, seed ${setup.seed})`;
  const count = images.done + images.failed;
  return `${count} images after ${warmup} to warm up, ${arrivals}, ${concurrency} in flight, ${store}`;
}

function picturesOf({ pictures, setup, images }: BenchReport): string {
  const { distinct, source, meanMegapixels, meanBytes } = pictures;
  const out = images.meanOutputBytes === undefined ? '' : ` of ${kib(images.meanOutputBytes)}`;
  return `${distinct} ${source === 'drawn' ? 'drawn' : 'from the folder'}, ${fixed(meanMegapixels, 2)} megapixels and ${kib(meanBytes)} on average, to ${setup.format}${out}`;
}

function machineOf({ machine }: BenchReport): string {
  const { processor, cores, node, onnxruntime, libvips } = machine;
  return `${processor}, ${cores} cores; Node ${node}, ONNX Runtime ${onnxruntime}, libvips ${libvips}`;
}

function timesTable(times: ReadonlyArray<[string, Distribution]>): string[][] {
  const head = ['ms', 'mean', 'p50', 'p95', 'p99', 'max'];
  return [
    head,
    ...times.map(([name, { mean, p50, p95, p99, max }]) => [name, ...[mean, p50, p95, p99, max].map(ms)]),
  ];
}

/** The first column to the left, numbers below each other; a last column of text is left as it is. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const isText = widths.length === 2;
  return rows.map(([name = '', ...cells]) => {
    const rest = cells.map((cell, at) => (isText ? cell : cell.padStart(widths[at + 1] ?? 0)));
    return [name.padEnd(widths[0] ?? 0), ...rest].join('  ');
  });
}

function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}

function ms(time: number): string {
  return time.toFixed(time < 100 ? 1 : 0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`;
}

function kib(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}
