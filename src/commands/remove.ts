import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import PQueue from 'p-queue';
import type { Config } from '../config/schema.js';
import { ClearcutError, toClearcutError } from '../errors.js';
import { checkFileSize } from '../image/inspect.js';
import { createAdmission } from '../pipeline/admission.js';
import { type Cutter, cutOutAdmitted } from '../pipeline/cut-out-admitted.js';
import { createLogger } from '../telemetry/logger.js';
import { concurrencyOf, imageLimitsOf, pictureOptionsOf } from './context.js';
import { showModelProgress } from './model-progress.js';
import { openEngine } from './open-engine.js';
import { findImages, type ImageFile } from './remove-files.js';
import { addSettings, loadSettings } from './settings-options.js';
import { complain, EXIT, printJson } from './terminal.js';

const USED_SETTINGS = [
  'output.format',
  'output.webpQuality',
  'output.maxSide',
  'limits',
  'inference',
  'models',
];

interface Options {
  readonly output: string;
  readonly json?: boolean;
}

type FileOutcome =
  | { status: 'done'; input: string; output: string; width: number; height: number; ms: number }
  | { status: 'failed'; input: string; error: { code: string; message: string; remedy: string } };

/** `clearcut remove FILE|DIR... -o DIR`: cut-outs of files, without a service. */
export function registerRemove(program: Command): void {
  const command = program
    .command('remove')
    .description('cut out the subjects of image files, without a service')
    .argument('<path...>', 'image files, or folders of them')
    .requiredOption('-o, --output <folder>', 'folder for the cut-outs; subfolders are kept')
    .option('--json', 'print one line of JSON for each file');
  addSettings(command, USED_SETTINGS).action(async (paths: string[]) => {
    const { config } = loadSettings(command);
    await remove(paths, command.opts<Options>(), config);
  });
}

async function remove(paths: readonly string[], options: Options, config: Config): Promise<void> {
  const folder = resolve(options.output);
  const { files, ignored } = await findImages(paths, folder, config.output.format);
  if (files.length === 0) {
    throw new ClearcutError('OBJECT_NOT_FOUND', `There are no images in ${paths.join(', ')}.`, {
      remedy: 'Give image files, or folders that hold some.',
    });
  }
  const logger = createLogger({ level: 'silent', format: 'json' });
  const { engine } = await openEngine(config, logger, showModelProgress());
  const cutter: Cutter = {
    engine,
    admission: createAdmission(config.limits.memory),
    limits: imageLimitsOf(config),
    output: pictureOptionsOf(config),
  };

  const progress = options.json || !process.stderr.isTTY ? undefined : progressBar(files.length);
  const failures: Array<Extract<FileOutcome, { status: 'failed' }>> = [];
  const startedAt = performance.now();
  const queue = new PQueue({ concurrency: concurrencyOf(config) });
  for (const file of files) {
    await queue.onSizeLessThan(1);
    void queue.add(async () => {
      const outcome = await cutOutFile(file, cutter);
      if (outcome.status === 'failed') failures.push(outcome);
      if (options.json) printJson(outcome);
      progress?.increment();
    });
  }
  await queue.onIdle();
  progress?.stop();
  await engine.close();

  for (const { input, error } of failures) {
    if (!options.json) complain(`failed: ${input}: ${error.message}\n  → ${error.remedy}`);
  }
  summarise(files.length, failures.length, ignored, performance.now() - startedAt);
  if (failures.length > 0) process.exitCode = EXIT.failure;
}

async function cutOutFile(file: ImageFile, cutter: Cutter): Promise<FileOutcome> {
  const startedAt = performance.now();
  try {
    const { size } = await stat(file.input);
    checkFileSize(size, cutter.limits);
    const releaseFile = await cutter.admission.admitFile(size);
    try {
      const { result } = await cutOutAdmitted(await readFile(file.input), cutter);
      const [{ bytes, width, height }] = result.files;
      await writeWhole(file.output, bytes);
      const ms = Math.round(performance.now() - startedAt);
      return { status: 'done', input: file.input, output: file.output, width, height, ms };
    } finally {
      releaseFile();
    }
  } catch (thrown) {
    const { code, message, remedy } = toClearcutError(thrown, 'STORE_UNAVAILABLE');
    return { status: 'failed', input: file.input, error: { code, message, remedy } };
  }
}

/** Writes the file under another name first: whoever finds it under its own finds all of it. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.part`;
  try {
    await writeFile(partial, bytes);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** A bar with the rate and the time left, on stderr so that results can be piped. */
function progressBar(total: number) {
  const bar = new SingleBar({
    format: 'cutting out [{bar}] {value}/{total} | {rate} images/s | {eta_formatted} left',
    stream: process.stderr,
    hideCursor: true,
  });
  const startedAt = performance.now();
  let done = 0;
  bar.start(total, 0, { rate: '-' });
  return {
    increment() {
      done += 1;
      bar.update(done, { rate: ((1000 * done) / (performance.now() - startedAt)).toFixed(1) });
    },
    stop: () => bar.stop(),
  };
}

function summarise(total: number, failed: number, ignored: number, elapsed: number): void {
  const seconds = elapsed / 1000;
  const rate = (total / seconds).toFixed(2);
  const others = ignored === 0 ? '' : `, ${ignored} other files left alone`;
  complain(
    `${total - failed} cut out, ${failed} failed${others} in ${seconds.toFixed(1)} s (${rate} images/s)`,
  );
}
