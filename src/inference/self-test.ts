import { messageOf } from '../errors.js';
import type { PreparedModel } from '../models/model.js';
import type { ModelMatte } from './engine-api.js';
import { drawFigure } from './figure.js';
import type { Device } from './messages.js';
import { startWorker } from './worker-handle.js';

/** Whether a variant of the model on a device gives what the float32 variant gives on the CPU. */
export type SelfTest = SelfTestPassed | SelfTestFailed;

interface Measures {
  /** Largest and mean difference of the mattes from the reference, 0..1. */
  readonly maxDifference: number;
  readonly meanDifference: number;
  /** Milliseconds that the model takes for a picture on its own; the fastest of the test. */
  readonly msPerPicture: number;
}

export interface SelfTestPassed extends Measures {
  readonly ok: true;
}

export interface SelfTestFailed extends Partial<Measures> {
  readonly ok: false;
  /**
   * `not-a-number`: half precision overflowed, as on the GTX 16 series; float32 will do. `differs`: the mattes are
   * wrong. `does-not-run`: the model could not be loaded or run.
   */
  readonly reason: 'not-a-number' | 'differs' | 'does-not-run';
  readonly message: string;
}

export interface RunOptions {
  readonly model: PreparedModel;
  readonly device: Device;
  /** Number of the GPU; the first one unless given. */
  readonly gpu?: number;
  readonly threads: number;
  /** File of the worker; tests give one that misbehaves on purpose. */
  readonly workerFile?: string;
}

export interface SelfTestOptions extends RunOptions {
  /** The mattes that `referenceRun` gave for the same model's float32 variant at the same side. */
  readonly reference: readonly ModelMatte[];
  /** Largest mean difference that passes, 0..1. Default 0.02: a variant may err as much at soft edges. */
  readonly tolerance?: number;
}

const TOLERANCE = 0.02;
/** Milliseconds for one picture, on the slowest device. */
const PICTURE_TIMEOUT = 300_000;
const FIGURES = 2;

export interface ReferenceRun {
  readonly mattes: readonly ModelMatte[];
  /** Milliseconds for a picture on its own on the CPU; the fastest. */
  readonly msPerPicture: number;
}

/** What a variant is measured against. Throws where the CPU itself cannot give it. */
export async function referenceRun(options: Omit<RunOptions, 'device' | 'gpu'>): Promise<ReferenceRun> {
  const run = await runFigures({ ...options, device: 'cpu' });
  if (!run.ok) throw new Error(run.message);
  return run;
}

/** Runs a variant on a device in a worker of its own, over drawn pictures, and compares. Never throws. */
export async function selfTest(options: SelfTestOptions): Promise<SelfTest> {
  const run = await runFigures(options);
  if (!run.ok) return run;
  const { mattes, msPerPicture } = run;
  const differences = { ...compareMattes(mattes, options.reference), msPerPicture };
  const { tolerance = TOLERANCE } = options;
  if (differences.meanDifference <= tolerance) return { ok: true, ...differences };
  const message = `its mattes differ from the CPU's by ${differences.meanDifference.toFixed(3)} on the mean`;
  return { ok: false, reason: 'differs', message, ...differences };
}

/** Differences of the bytes, 0..1. Mattes of another size, or of another number, count as wholly different. */
export function compareMattes(
  mattes: readonly ModelMatte[],
  reference: readonly ModelMatte[],
): { maxDifference: number; meanDifference: number } {
  let max = 0;
  let sum = 0;
  let pixels = 0;
  for (const [index, { data }] of mattes.entries()) {
    const wanted = reference[index]?.data;
    if (wanted?.length !== data.length) return { maxDifference: 1, meanDifference: 1 };
    for (const [at, value] of data.entries()) {
      const difference = Math.abs(value - (wanted[at] as number));
      if (difference > max) max = difference;
      sum += difference;
    }
    pixels += data.length;
  }
  if (mattes.length !== reference.length || pixels === 0) return { maxDifference: 1, meanDifference: 1 };
  return { maxDifference: max / 255, meanDifference: sum / pixels / 255 };
}

type FiguresRun =
  | { readonly ok: true; readonly mattes: ModelMatte[]; readonly msPerPicture: number }
  | SelfTestFailed;

async function runFigures(options: RunOptions): Promise<FiguresRun> {
  const { model, device, gpu, threads, workerFile } = options;
  const failed = (reason: SelfTestFailed['reason'], message: string) =>
    ({ ok: false, reason, message }) as const;
  try {
    const worker = await startWorker({ model, device, gpu, threads, maxBatch: 1 }, workerFile);
    try {
      const mattes: ModelMatte[] = [];
      let msPerPicture = Number.POSITIVE_INFINITY;
      for (let figure = 0; figure < FIGURES; figure++) {
        const { outcomes, inferenceMs } = await worker.run(
          [drawFigure(model.input.side, figure)],
          PICTURE_TIMEOUT,
        );
        const [outcome] = outcomes;
        if (outcome === undefined) return failed('does-not-run', 'the worker gave no answer');
        if (!outcome.ok) {
          const reason = outcome.reason === 'not-a-number' ? outcome.reason : 'does-not-run';
          return failed(reason, outcome.message);
        }
        mattes.push(outcome.matte);
        msPerPicture = Math.min(msPerPicture, inferenceMs);
      }
      return { ok: true, mattes, msPerPicture };
    } finally {
      await worker.close();
    }
  } catch (error) {
    return failed('does-not-run', messageOf(error));
  }
}
