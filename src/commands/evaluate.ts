import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import PQueue from 'p-queue';
import type { Config } from '../config/schema.js';
import { ClearcutError, messageOf } from '../errors.js';
import { type SheetRow, writeSheet } from '../evaluate/contact-sheet.js';
import { evaluatePair, type PairOptions } from '../evaluate/evaluate-pair.js';
import { type FilesByStem, filesByStem, stemOf } from '../evaluate/pairs.js';
import { csvOf, type PairReport, tableOf } from '../evaluate/report.js';
import type { Scores } from '../evaluate/scores.js';
import { meansOf, measuresOf } from '../evaluate/summary.js';
import { DEFAULT_OPTIONS } from '../image/options.js';
import { configureImageRuntime } from '../image/runtime.js';
import { createAdmission } from '../pipeline/admission.js';
import { type Cutter, cutOutAdmitted } from '../pipeline/cut-out-admitted.js';
import { createLogger } from '../telemetry/logger.js';
import { concurrencyOf, imageLimitsOf } from './context.js';
import { showModelProgress } from './model-progress.js';
import { openEngine } from './open-engine.js';
import { findImages, type ImageFile } from './remove-files.js';
import { addSettings, loadSettings } from './settings-options.js';
import { complain, EXIT, print, printJson } from './terminal.js';

const USED_SETTINGS = ['limits', 'inference', 'models'];

interface Options {
  readonly truth: string;
  readonly mattes?: string;
  readonly trimaps?: string;
  readonly truthColours?: string;
  readonly alpha?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
  readonly csv?: string;
  readonly sheet?: string;
  readonly worst: number;
}

/** `clearcut evaluate IMAGES --truth MASKS`: how good the mattes are, by the measures of the literature. */
export function registerEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure the mattes of images against ground truth')
    .argument('<images>', 'folder of images')
    .requiredOption('--truth <folder>', 'ground-truth masks or alphas, named as the images are')
    .option('--mattes <folder>', 'evaluate these mattes or cut-outs instead of running the model')
    .option('--trimaps <folder>', 'trimaps: alpha errors are also taken within their unknown band')
    .option('--truth-colours <folder>', 'true foregrounds: cut-outs are also compared on plain colours')
    .option('--alpha', 'take the greys of the truth for alphas (default: where they look like some)')
    .option('--no-alpha', 'take the truth for a yes or no')
    .option('--limit <images>', 'evaluate the first so many only', wholeNumber)
    .option('--json', 'print JSON')
    .option('--csv <file>', 'write the measures of each image to a file')
    .option('--sheet <file>', 'draw the worst images with truth, matte and difference (.png, .webp, .jpg)')
    .option('--worst <images>', 'how many images are named and drawn as the worst', wholeNumber, 12);
  addSettings(command, USED_SETTINGS).action(async (images: string) => {
    const { config } = loadSettings(command);
    await evaluate(images, command.opts<Options>(), config);
  });
}

/** An image with the files that belong to it. */
interface Pair {
  readonly image: string;
  readonly input: string;
  readonly truth: string;
  readonly matte: string | undefined;
  readonly trimap: string | undefined;
  readonly trueColours: string | undefined;
}

interface Problem {
  readonly image: string;
  readonly problem: string;
}

interface Evaluated extends PairReport {
  readonly scores: Scores;
  row: SheetRow | undefined;
}

async function evaluate(images: string, options: Options, config: Config): Promise<void> {
  configureImageRuntime();
  const { pairs, problems } = await findPairs(images, options);
  const source = options.mattes === undefined && pairs.length > 0 ? await openCutter(config) : undefined;
  const evaluated: Evaluated[] = [];
  const pairOptions: PairOptions = { alpha: options.alpha ?? 'auto', withRow: options.sheet !== undefined };
  const queue = new PQueue({ concurrency: concurrencyOf(config) });
  for (const pair of pairs) {
    await queue.onSizeLessThan(1);
    void queue.add(async () => {
      const { image } = pair;
      try {
        const { scores, row } = await evaluateOne(pair, source, pairOptions);
        evaluated.push({ image, scores, measures: measuresOf(scores), row });
        forgetRows(evaluated, options.worst);
      } catch (error) {
        problems.push({ image, problem: messageOf(error) });
      }
    });
  }
  await queue.onIdle();
  await source?.close();
  await report(evaluated, problems, options);
}

/** The images with what belongs to them, and those that cannot be evaluated. */
async function findPairs(images: string, options: Options): Promise<{ pairs: Pair[]; problems: Problem[] }> {
  const folders = [options.truth, options.mattes, options.trimaps, options.truthColours];
  const [truths, mattes, trimaps, colours] = await Promise.all(
    folders.map((folder) => (folder === undefined ? undefined : filesByStem(resolve(folder)))),
  );
  // Masks may lie in a folder within that of the images.
  const { files } = await findImages([images], resolve(options.truth));
  if (files.length === 0) {
    throw new ClearcutError('OBJECT_NOT_FOUND', `There are no images in ${images}.`, {
      remedy: 'Give a folder of images.',
    });
  }
  const pairs: Pair[] = [];
  const problems: Problem[] = [];
  for (const file of files.slice(0, options.limit)) {
    const image = file.key;
    try {
      pairs.push({
        image,
        input: file.input,
        truth: required('ground truth', truths, file),
        matte: mattes && required('matte', mattes, file),
        trimap: trimaps && required('trimap', trimaps, file),
        trueColours: colours && required('foreground', colours, file),
      });
    } catch (error) {
      problems.push({ image, problem: messageOf(error) });
    }
  }
  return { pairs, problems };
}

function required(what: string, files: FilesByStem | undefined, { key }: ImageFile): string {
  const found = files?.find(stemOf(key));
  if (found === undefined) throw new ClearcutError('TRUTH_INVALID', `There is no ${what} of this name.`);
  if (found === 'twice') throw new ClearcutError('TRUTH_INVALID', `Several files could be its ${what}.`);
  return found;
}

/** The pipeline as the service runs it, up to the file it would store. */
async function openCutter(config: Config): Promise<CutoutSource> {
  const logger = createLogger({ level: 'silent', format: 'json' });
  const { engine } = await openEngine(config, logger, showModelProgress());
  const cutter: Cutter = {
    engine,
    admission: createAdmission(config.limits.memory),
    limits: imageLimitsOf(config),
    output: DEFAULT_OPTIONS,
  };
  return {
    cutOut: async (bytes) => (await cutOutAdmitted(bytes, cutter)).result.files[0].bytes,
    close: () => engine.close(),
  };
}

interface CutoutSource {
  cutOut(bytes: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

async function evaluateOne(pair: Pair, source: CutoutSource | undefined, options: PairOptions) {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFile(file));
  const [picture, truth, trimap, trueColours] = await Promise.all([
    readFile(pair.input),
    readFile(pair.truth),
    read(pair.trimap),
    read(pair.trueColours),
  ]);
  // A copy, because the bytes are moved to another thread.
  const result = source
    ? await source.cutOut(Uint8Array.from(picture))
    : await readFile(pair.matte as string);
  const resultKind = source ? 'cutout' : undefined;
  return await evaluatePair({ picture, result, resultKind, truth, trimap, trueColours }, options);
}

/** Only the worst are drawn in the end. */
function forgetRows(evaluated: Evaluated[], worst: number): void {
  for (const pair of worstFirst(evaluated).slice(worst)) pair.row = undefined;
}

function worstFirst(evaluated: readonly Evaluated[]): Evaluated[] {
  return evaluated.toSorted((one, other) => other.scores.subject.mae - one.scores.subject.mae);
}

async function report(
  evaluated: readonly Evaluated[],
  problems: readonly Problem[],
  options: Options,
): Promise<void> {
  const pairs = evaluated.toSorted((one, other) => (one.image < other.image ? -1 : 1));
  const reports = pairs.map(({ image, measures }) => ({ image, measures }));
  const worst = worstFirst(pairs).slice(0, options.worst);
  const means = meansOf(pairs.map(({ scores }) => scores));
  const rows = worst.flatMap(({ row }) => row ?? []);
  if (options.csv !== undefined) await writeFile(options.csv, csvOf(reports));
  if (options.sheet !== undefined && rows.length > 0) await writeSheet(options.sheet, rows);
  if (options.json) printJson({ images: pairs.length, means, pairs: reports, problems });
  else {
    print(`${pairs.length} images evaluated`);
    if (pairs.length > 0) print(tableOf(means, reports, worst));
    for (const { image, problem } of problems) complain(`left out: ${image}: ${problem}`);
  }
  if (problems.length > 0) process.exitCode = EXIT.failure;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is no whole number above 0.');
  return value;
}
