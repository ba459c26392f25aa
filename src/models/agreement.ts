import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { toBinary } from '@bufbuild/protobuf';
import { ClearcutError, messageOf } from '../errors.js';
import type { ModelMatte } from '../inference/engine-api.js';
import { drawFigure } from '../inference/figure.js';
import { compareMattes, referenceRun } from '../inference/self-test.js';
import { startWorker } from '../inference/worker-handle.js';
import type { CatalogueModel, ModelForm } from './catalogue.js';
import type { PreparedModel } from './model.js';
import { ModelProtoSchema } from './onnx/onnx_pb.js';
import { openAsPublished } from './prepare-graph.js';
import { readModel } from './read-model.js';

/** Of the mattes on the mean, 0..1, and of the smallest and largest value that the network gave. */
const TOLERANCE = 0.01;
const PICTURE_TIMEOUT = 300_000;

export interface AgreementOptions {
  readonly model: CatalogueModel;
  readonly form: ModelForm;
  /** File of the weights as published. */
  readonly source: string;
  /** The float32 form that was made of them. */
  readonly prepared: PreparedModel;
  /** A file to write the published network into for the test. */
  readonly scratch: string;
}

/**
 * Holds a prepared network against the published one: both cut out two drawn pictures on the processor, and a network
 * that takes batches gets the two at once as well. Each network has a worker of its own. Throws MODEL_UNSUPPORTED where
 * they differ.
 */
export async function requireAgreement(options: AgreementOptions): Promise<void> {
  const { prepared } = options;
  const mattes = await run('the prepared network', prepared);
  await requirePublishedMattes(options, mattes);
  if (prepared.batch === 'any' && !(await arePicturesApart(prepared))) {
    throw disagreement(prepared.id, 'gives other mattes for two pictures in one run than for each alone', {
      remedy: 'Set `batch: one` in its description.',
    });
  }
}

async function requirePublishedMattes(
  { model, form, source, prepared, scratch }: AgreementOptions,
  mattes: readonly ModelMatte[],
): Promise<void> {
  // At another side than it was exported for, only the prepared network runs.
  if (form.side !== model.input.side) return;
  const { proto } = await readModel(source);
  openAsPublished(proto, model, form);
  await writeFile(scratch, toBinary(ModelProtoSchema, proto));
  const published = await run('the published network', { ...prepared, file: scratch });
  if (areAlike(published, mattes)) return;
  throw disagreement(prepared.id, 'gives other mattes when it is prepared than as published', {
    remedy: 'Please report this model: it cannot be used.',
  });
}

async function run(which: string, model: PreparedModel): Promise<readonly ModelMatte[]> {
  try {
    return (await referenceRun({ model, threads: availableParallelism() })).mattes;
  } catch (error) {
    throw new ClearcutError(
      'MODEL_UNSUPPORTED',
      `The model ${model.id} does not run: ${which}: ${messageOf(error)}.`,
      { remedy: 'Check its description against the network: clearcut models show.', cause: error },
    );
  }
}

/** Whether two pictures that have nothing in common get the same mattes in one run as alone. */
async function arePicturesApart(model: PreparedModel): Promise<boolean> {
  const threads = availableParallelism();
  const worker = await startWorker({ model, device: 'cpu', threads, maxBatch: 2 });
  try {
    const figure = drawFigure(model.input.side, 0);
    const negative = figure.map((byte) => 255 - byte);
    const mattesOf = async (...pictures: Uint8Array<ArrayBuffer>[]) => {
      // Pictures are moved to the worker.
      const copies = pictures.map((picture) => picture.slice());
      const { outcomes } = await worker.run(copies, PICTURE_TIMEOUT);
      return outcomes.flatMap((outcome) => (outcome.ok ? [outcome.matte] : []));
    };
    const alone = [...(await mattesOf(figure)), ...(await mattesOf(negative))];
    return areAlike(await mattesOf(figure, negative), alone);
  } finally {
    await worker.close();
  }
}

function areAlike(one: readonly ModelMatte[], other: readonly ModelMatte[]): boolean {
  if (compareMattes(one, other).meanDifference > TOLERANCE) return false;
  // Mattes alone would hide much: two networks that see no subject both give nothing.
  return one.every(({ rawRange: { min, max } }, at) => {
    const range = other[at]?.rawRange;
    const limit = TOLERANCE * Math.max(1, max - min);
    return range !== undefined && Math.abs(min - range.min) <= limit && Math.abs(max - range.max) <= limit;
  });
}

function disagreement(id: string, what: string, details: { remedy: string }): ClearcutError {
  return new ClearcutError('MODEL_UNSUPPORTED', `The model ${id} ${what}.`, details);
}
