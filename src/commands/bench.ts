import { writeFile } from 'node:fs/promises';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import type { Config } from '../config/schema.js';
import { ClearcutError, messageOf } from '../errors.js';
import { createLogger } from '../telemetry/logger.js';
import { arrivalTimes } from './bench/arrivals.js';
import { runBare, type SessionLoopDone } from './bench/bare.js';
import { drive } from './bench/drive.js';
import { keepResults } from './bench/keep.js';
import { describeMachine } from './bench/machine.js';
import { type BenchOptions, parseBenchOptions } from './bench/options.js';
import { readOutcomes } from './bench/outcomes.js';
import { drawPictures, factsOf, findPictures } from './bench/pictures.js';
import { type BenchPlace, openPlace } from './bench/place.js';
import { type BenchReport, buildReport } from './bench/report.js';
import { tableOf } from './bench/table.js';
import { concurrencyOf, pipelineOf } from './context.js';
import { showModelProgress } from './model-progress.js';
import { openEngine } from './open-engine.js';
import { defaultOptionsOf } from './option-policy.js';
import { runningModel } from './preset-engines.js';
import { addSettings, loadSettings } from './settings-options.js';
import { complain, EXIT, print } from './terminal.js';

const USED_SETTINGS = [
  'storage.kind',
  's3',
  'output.bucket',
  'output.cutoutPrefix',
  'output.options',
  'limits',
  'inference',
  'models',
  'delivery.maxAttempts',
  'delivery.retryMin',
  'delivery.retryMax',
];

/** `clearcut bench`: what this machine does with images, from their arrival to their stored results. */
export function registerBench(program: Command): void {
  const command = program
    .command('bench')
    .description(
      'measure the whole pipeline on this machine: throughput, latency, stages, memory, event loop, cost',
    )
    .option('--images <n>', 'images to send through (default: 100)')
    .option('--input <folder>', 'pictures to send, used in turn; without it some are drawn')
    .option('--megapixels <n>', 'size of the drawn pictures (default: 1)')
    .option('--rate <n>', 'arrivals a second, as a Poisson process; 0: all at once (default: 0)')
    .option('--seed <text>', 'the same seed gives the same pictures and arrivals (default: 1)')
    .option('--warmup <n>', 'images to send before the measuring begins (default: 2)')
    .option('--bare', 'run the model alone as well, before and after, and compare')
    .option('--price <n>', 'price of the machine an hour, to tell the cost of 1,000 images')
    .option('--out <folder>', 'keep cut-outs and records there')
    .option('--json [file]', 'write JSON into the file, or print it instead of the table');
  addSettings(command, USED_SETTINGS).action(async () => {
    const options = parseBenchOptions(command.opts());
    const { config } = loadSettings(command);
    const report = await bench(config, options, command.parent?.version() ?? '');
    const json = JSON.stringify(report, shortNumbers, 2);
    if (typeof options.json === 'string') await writeFile(options.json, `${json}\n`);
    print(options.json === true ? json : tableOf(report));
    if (report.images.failed > 0) process.exitCode = EXIT.failure;
  });
}

async function bench(config: Config, options: BenchOptions, version: string): Promise<BenchReport> {
  const stopping = new AbortController();
  const onSignal = () =>
    stopping.abort(
      new ClearcutError('SHUTTING_DOWN', 'The benchmark was stopped.', {
        remedy: 'Start it again; nothing of it was left behind.',
      }),
    );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  const place = await openPlace(config);
  try {
    return await benchAt(place, options, version, stopping.signal);
  } finally {
    // What ended the benchmark is told, not what hindered the cleaning up.
    await place.remove().catch((error: unknown) => complain(`could not clean up: ${messageOf(error)}`));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  }
}

async function benchAt(
  { config, store, scratch }: BenchPlace,
  options: BenchOptions,
  version: string,
  signal: AbortSignal,
): Promise<BenchReport> {
  const { images, rate, seed, warmup, megapixels, input } = options;
  const pictures =
    input === undefined
      ? await drawPictures({ count: images, megapixels, seed, folder: scratch })
      : await findPictures(input, scratch);
  const facts = await factsOf(pictures, input === undefined ? 'drawn' : 'folder');

  const logger = createLogger({ level: 'silent', format: 'json' });
  const opened = await openEngine(config, logger, showModelProgress());
  const { engine, model, size } = opened;
  const { workers, threadsPerWorker, maxBatch } = size;
  const { device } = config.inference;
  const bare: SessionLoopDone[] = [];
  const runHalfBare = async (count: number) => {
    signal.throwIfAborted();
    if (!options.bare || count === 0) return;
    const load = { pictures, count, loops: workers };
    bare.push(await runBare({ ...load, model, device, threads: threadsPerWorker, batch: maxBatch }));
  };
  try {
    // One half before and one after: a machine that grows slower or faster meanwhile does so for both.
    await runHalfBare(Math.ceil(images / 2));
    const running = runningModel(opened, device);
    const pipeline = pipelineOf(config, { store, modelFor: async () => running });
    const concurrency = concurrencyOf(config);
    const progress = showProgress(warmup + images);
    const driven = await drive({
      pipeline,
      engine,
      input: config.input,
      pictures,
      warmup,
      arrivals: arrivalTimes({ count: images, rate, seed }),
      concurrency,
      retry: config.delivery,
      logger,
      onSettled: progress.update,
      signal,
    }).finally(progress.stop);
    const processPeak = process.resourceUsage().maxRSS * 1024;
    await runHalfBare(Math.floor(images / 2));

    const keys = driven.images.map(({ key }) => key);
    const outcomes = await readOutcomes(pipeline, keys);
    const output = defaultOptionsOf(config);
    if (options.out !== undefined) await keepResults(options.out, store, outcomes.records);
    return buildReport({
      version,
      machine: describeMachine(),
      setup: {
        images,
        warmup,
        rate,
        seed,
        store: config.storage.kind,
        concurrency,
        model: running.model,
        workers,
        threadsPerWorker,
        maxBatch,
        format: output.format,
        outputMaxSide: output.maxSide,
        memoryBudget: config.limits.memory,
      },
      pictures: facts,
      driven,
      outcomes,
      bare,
      pricePerHour: options.price,
      processPeak,
    });
  } finally {
    await engine.close();
  }
}

/** A bar on stderr where that is a terminal. */
function showProgress(total: number): { update: (count: number) => void; stop: () => void } {
  if (!process.stderr.isTTY) {
    complain(`sending ${total} images through the pipeline`);
    return { update: () => {}, stop: () => {} };
  }
  const bar = new SingleBar({
    format: 'measuring [{bar}] {value}/{total} | {eta_formatted} left',
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, 0);
  return { update: (count) => bar.update(count), stop: () => bar.stop() };
}

/** Six digits say more than any measurement knows. */
function shortNumbers(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
