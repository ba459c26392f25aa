import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import PQueue from 'p-queue';
import type { Config } from '../config/schema.js';
import { ClearcutError, messageOf, toClearcutError } from '../errors.js';
import { checkFileSize, type ImageLimits } from '../image/inspect.js';
import { type ChosenOptions, chooseOptions } from '../options/choose.js';
import type { OptionLayer } from '../options/layers.js';
import { createAdmission } from '../pipeline/admission.js';
import { type Cutter, cutOutAdmitted } from '../pipeline/cut-out-admitted.js';
import { describeVerdict } from '../pipeline/verdict-metadata.js';
import { createLogger } from '../telemetry/logger.js';
import { concurrencyOf, imageLimitsOf } from './context.js';
import { showModelProgress } from './model-progress.js';
import { openEngine } from './open-engine.js';
import { addOptionFlags, optionFlagsOf } from './option-flags.js';
import { optionPolicyOf } from './option-policy.js';
import { openPresetEngines, type PresetEngines } from './preset-engines.js';
import { findImages, type ImageFile, outputFile } from './remove-files.js';
import { addSettings, loadSettings } from './settings-options.js';
import { complain, EXIT, printJson } from './terminal.js';

const USED_SETTINGS = ['output.options', 'output.rules', 'limits', 'inference', 'models'];

interface Options {
  readonly out: string;
  readonly json?: boolean;
}

type FileOutcome =
  | {
      status: 'done';
      input: string;
      output: string;
      /** The mask beside the cut-out. */
      mask?: string;
      width: number;
      height: number;
      verdict: ReturnType<typeof describeVerdict>;
      ms: number;
    }
  | { status: 'failed'; input: string; error: { code: string; message: string; remedy: string } };

/** An image with what is to be made of it. */
interface Job extends ImageFile {
  readonly chosen: ChosenOptions;
}

/** What is needed to cut out any of the files. */
interface Tools extends Pick<Cutter, 'admission' | 'limits'> {
  readonly modelFor: PresetEngines['modelFor'];
  readonly backgroundOf: (file: string) => Promise<Uint8Array>;
}

/** `clearcut remove FILE|DIR... -o DIR`: cut-outs of files, without a service. */
export function registerRemove(program: Command): void {
  const command = program
    .command('remove')
    .description('cut out the subjects of image files, without a service')
    .argument('<path...>', 'image files, or folders of them')
    .requiredOption('-o, --out <folder>', 'folder for the cut-outs; subfolders are kept')
    .option('--json', 'print one line of JSON for each file');
  addOptionFlags(addSettings(command, USED_SETTINGS)).action(async (paths: string[]) => {
    const { config } = loadSettings(command);
    await remove(paths, command.opts<Options>(), optionFlagsOf(command), config);
  });
}

async function remove(
  paths: readonly string[],
  options: Options,
  flags: readonly OptionLayer[],
  config: Config,
): Promise<void> {
  const folder = resolve(options.out);
  const { files, ignored } = await findImages(paths, folder);
  if (files.length === 0) {
    throw new ClearcutError('OBJECT_NOT_FOUND', `There are no images in ${paths.join(', ')}.`, {
      remedy: 'Give image files, or folders that hold some.',
    });
  }
  // Before the model is opened: nobody should wait for it to learn of a mistake.
  const { layersFor } = optionPolicyOf(config);
  const jobs: Job[] = files.map((file) => ({
    ...file,
    chosen: chooseOptions([...layersFor(file.key), ...flags]),
  }));
  const logger = createLogger({ level: 'silent', format: 'json' });
  const first = await openEngine(config, logger, showModelProgress());
  const engines = openPresetEngines({ config, first, logger, onProgress: showModelProgress() });
  const limits = imageLimitsOf(config);
  const tools: Tools = {
    modelFor: engines.modelFor,
    admission: createAdmission(config.limits.memory),
    limits,
    backgroundOf: createBackgroundFiles(limits),
  };

  const progress = options.json || !process.stderr.isTTY ? undefined : progressBar(files.length);
  const failures: Array<Extract<FileOutcome, { status: 'failed' }>> = [];
  const withoutSubject: string[] = [];
  const startedAt = performance.now();
  const queue = new PQueue({ concurrency: concurrencyOf(config) });
  for (const job of jobs) {
    await queue.onSizeLessThan(1);
    void queue.add(async () => {
      const outcome = await cutOutFile(job, folder, tools);
      if (outcome.status === 'failed') failures.push(outcome);
      else if (!outcome.verdict.subject) withoutSubject.push(outcome.input);
      if (options.json) printJson(outcome);
      progress?.increment();
    });
  }
  await queue.onIdle();
  progress?.stop();
  await engines.close();

  if (!options.json) for (const input of withoutSubject) complain(`no subject found: ${input}`);
  for (const { input, error } of failures) {
    if (!options.json) complain(`failed: ${input}: ${error.message}\n  → ${error.remedy}`);
  }
  summarise(files.length, failures.length, ignored, performance.now() - startedAt);
  if (failures.length > 0) process.exitCode = EXIT.failure;
}

async function cutOutFile({ input, key, chosen }: Job, folder: string, tools: Tools): Promise<FileOutcome> {
  const startedAt = performance.now();
  try {
    const { size } = await stat(input);
    checkFileSize(size, tools.limits);
    const { engine } = await tools.modelFor(chosen.preset);
    const releaseFile = await tools.admission.admitFile(size);
    try {
      const output = await withBackground(chosen, tools);
      const { result } = await cutOutAdmitted(await readFile(input), { ...tools, engine, output });
      const written: string[] = [];
      for (const { kind, format, bytes } of result.files) {
        const file = outputFile(folder, key, kind, format);
        await writeWhole(file, bytes);
        written.push(file);
      }
      const [main = '', mask] = written;
      const [{ width, height }] = result.files;
      const ms = Math.round(performance.now() - startedAt);
      const verdict = describeVerdict(result.verdict);
      const files = { output: main, ...(mask !== undefined && { mask }) };
      return { status: 'done', input, ...files, width, height, verdict, ms };
    } finally {
      releaseFile();
    }
  } catch (thrown) {
    const { code, message, remedy } = toClearcutError(thrown, 'STORE_UNAVAILABLE');
    return { status: 'failed', input, error: { code, message, remedy } };
  }
}

async function withBackground({ picture, backgroundImage }: ChosenOptions, { backgroundOf }: Tools) {
  if (backgroundImage === undefined) return picture;
  return { ...picture, background: { kind: 'image' as const, bytes: await backgroundOf(backgroundImage) } };
}

/** Reads the files that are named as backgrounds, each once. */
function createBackgroundFiles(limits: ImageLimits): Tools['backgroundOf'] {
  const files = new Map<string, Promise<Uint8Array>>();
  const read = async (file: string) => {
    try {
      checkFileSize((await stat(file)).size, limits);
      return await readFile(file);
    } catch (error) {
      throw new ClearcutError('OPTIONS_INVALID', `bg-image: ${file} cannot be read: ${messageOf(error)}`, {
        remedy: 'Name a picture on this machine; no URL is ever fetched.',
        cause: error,
      });
    }
  };
  return (file) => {
    const reading = files.get(file) ?? read(file);
    files.set(file, reading);
    return reading;
  };
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
