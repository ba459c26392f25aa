import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ClearcutError, messageOf } from '../errors.js';
import type { Precision, PreparedModel } from '../models/model.js';
import { deviceUnavailable } from './devices.js';
import type { Device } from './messages.js';
import ort from './onnx-runtime.js';
import { referenceRun, selfTest } from './self-test.js';

/** Times that each precision is tried. */
const ROUNDS = 2;

/** How one precision of the model did on this machine. */
const trialSchema = z.object({
  precision: z.enum(['fp32', 'fp16', 'int8']),
  ok: z.boolean(),
  /** Milliseconds for a picture; undefined where it did not run. */
  msPerPicture: z.number().optional(),
  /** Of its mattes from those of float32 on the processor, 0..1. */
  meanDifference: z.number().optional(),
  /** Why it was not taken, in words. */
  message: z.string().optional(),
});

const choiceSchema = z.object({
  precision: z.enum(['fp32', 'fp16', 'int8']),
  trials: z.array(trialSchema),
  testedAt: z.string(),
});

export type VariantTrial = z.infer<typeof trialSchema>;
export type VariantChoice = z.infer<typeof choiceSchema>;

export interface ChoiceOptions {
  readonly device: Device;
  /** Number of the GPU that is tested; the first one unless given. */
  readonly gpu?: number;
  readonly threads: number;
  /**
   * Makes a precision of the model ready. MODEL_UNSUPPORTED counts against that precision alone, unless it is float32,
   * which the others are measured against; all else it throws ends the choosing.
   */
  readonly prepare: (precision: Precision) => Promise<PreparedModel>;
  /** What may be chosen; `candidatesFor` the device unless given. */
  readonly candidates?: readonly Precision[];
  /** Whatever else the result depends on: model, form, calibration. */
  readonly subject: Readonly<Record<string, unknown>>;
  /** Where choices are kept. */
  readonly file: string;
}

/** Half precision is for GPUs: a processor would convert around every operation. */
export function candidatesFor(device: Device): readonly Precision[] {
  return device === 'cpu' ? ['int8', 'fp32'] : ['fp16', 'fp32'];
}

/**
 * The precision of the model that is the fastest on this machine and device of those whose mattes agree with float32 on
 * the processor (selfTest has the tolerance). Tested once for each machine, runtime and model, then remembered. Throws
 * DEVICE_UNAVAILABLE where none agrees.
 */
export async function chooseVariant(options: ChoiceOptions): Promise<VariantChoice> {
  const key = keyOf(options);
  const known = await readChoices(options.file);
  const remembered = known[key];
  if (remembered !== undefined) return remembered;
  const choice = await runTrials(options);
  await writeChoices(options.file, { ...(await readChoices(options.file)), [key]: choice });
  return choice;
}

async function runTrials(options: ChoiceOptions): Promise<VariantChoice> {
  const { device, gpu, threads, prepare, candidates = candidatesFor(options.device) } = options;
  const float32 = await prepare('fp32');
  const reference = await referenceRun({ model: float32, threads }).catch((error: unknown) => {
    const message = `The float32 form of ${float32.id} does not run on the processor: ${messageOf(error)}.`;
    throw new ClearcutError('MODEL_UNSUPPORTED', message, { cause: error });
  });
  const models = new Map<Precision, PreparedModel>([['fp32', float32]]);
  const trials = new Map<Precision, VariantTrial>();
  if (device === 'cpu') {
    // The reference is the first turn of float32 there.
    const { msPerPicture } = reference;
    trials.set('fp32', { precision: 'fp32', ok: true, msPerPicture, meanDifference: 0 });
  }
  // Turn by turn, so that a machine that is busy for a moment is so for all of them; the quickest time counts.
  for (let round = 0; round < ROUNDS; round++) {
    if (isSettled(candidates, trials)) break;
    for (const precision of candidates) {
      const before = trials.get(precision);
      if (before?.ok === false || (round === 0 && before !== undefined)) continue;
      const model = models.get(precision) ?? (await prepare(precision).catch(unsupported));
      if ('message' in model) {
        trials.set(precision, { precision, ok: false, message: model.message });
        continue;
      }
      models.set(precision, model);
      const { mattes } = reference;
      const result = await selfTest({
        model,
        device,
        threads,
        reference: mattes,
        ...(gpu !== undefined && { gpu }),
      });
      const msPerPicture = quicker(before?.msPerPicture, result.msPerPicture);
      trials.set(precision, { precision, ...result, msPerPicture });
    }
  }
  return choiceOf(
    candidates.flatMap((precision) => trials.get(precision) ?? []),
    device,
  );
}

/** Whether no further turn could change the choice: what may be chosen was tried, and one at most did right. */
function isSettled(candidates: readonly Precision[], trials: ReadonlyMap<Precision, VariantTrial>): boolean {
  const tried = candidates.flatMap((precision) => trials.get(precision) ?? []);
  return tried.length === candidates.length && tried.filter(({ ok }) => ok).length <= 1;
}

/** What may pass, such as a full disk, must not be remembered as the fault of a precision. */
function unsupported(error: unknown): ClearcutError {
  if (error instanceof ClearcutError && error.code === 'MODEL_UNSUPPORTED') return error;
  throw error;
}

/** Throws DEVICE_UNAVAILABLE where none agrees. */
function choiceOf(trials: readonly VariantTrial[], device: Device): VariantChoice {
  const agreeing = trials.filter(({ ok }) => ok).toSorted((one, other) => timeOf(one) - timeOf(other));
  const [fastest] = agreeing;
  if (fastest === undefined) {
    const reasons = trials.map(({ precision, message }) => `${precision}: ${message}`).join('; ');
    throw deviceUnavailable(device, `the model's self-test failed (${reasons})`);
  }
  const parsed = z.array(trialSchema).parse(trials);
  return { precision: fastest.precision, trials: parsed, testedAt: new Date().toISOString() };
}

function timeOf({ msPerPicture }: VariantTrial): number {
  return msPerPicture ?? Number.POSITIVE_INFINITY;
}

function quicker(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

function keyOf({ device, gpu, threads, subject }: ChoiceOptions): string {
  const machine = { platform: process.platform, arch: process.arch, cpu: cpus()[0]?.model };
  const cores = availableParallelism();
  const runtime = ort.env.versions.node;
  const facts = { machine, cores, runtime, device, gpu, threads, subject };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

/** What was remembered; nothing where the file is absent, damaged, or of another make. */
async function readChoices(file: string): Promise<Record<string, VariantChoice>> {
  try {
    return z.record(z.string(), choiceSchema).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}

async function writeChoices(file: string, choices: Record<string, VariantChoice>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.part`;
  await writeFile(partial, `${JSON.stringify(choices, null, 2)}\n`);
  await rename(partial, file);
}
