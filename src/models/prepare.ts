import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { ClearcutError } from '../errors.js';
import { adaptationPath, readAdaptation } from './adaptation.js';
import { requireAgreement } from './agreement.js';
import { admit, type Manifest, modelFolder, readIntact, withLock } from './cache.js';
import { calibrationPath, readCalibration, statsOf } from './calibration.js';
import {
  type CatalogueModel,
  findModel,
  formOf,
  type ModelForm,
  type Preset,
  presetOf,
} from './catalogue.js';
import { requireConsent } from './consent.js';
import { hashFile, sha256Of } from './hashes.js';
import type { Precision, PreparedModel } from './model.js';
import { ModelProtoSchema } from './onnx/onnx_pb.js';
import {
  type Batch,
  inputTypeOf,
  prepareGraph,
  prepareHalfGraph,
  prepareInt8Graph,
} from './prepare-graph.js';
import { knownSource, type PulledModel, type PullOptions, pullModel } from './pull.js';
import { readModel } from './read-model.js';

/** Raised whenever the passes make something else of the same weights; prepared files of before are made anew. */
export const PASSES = 3;

export interface EnsureOptions extends PullOptions {
  readonly preset: Preset;
  /** Most pixels on a side that the model may see; it runs at the largest side that suits it. */
  readonly maxSide: number;
  readonly precision: Precision;
}

export interface EnsuredModel extends PreparedModel {
  /** Whether it had to be made; else it was in the cache. */
  readonly wasPrepared: boolean;
}

/**
 * The model ready to run, from the cache where it is there: what the service asks for at start. Throws what
 * pullModel throws, and MODEL_UNSUPPORTED where the passes cannot handle the graph, or what they make of weights that
 * they were never held against does not agree with the published network.
 */
export async function ensureModel(options: EnsureOptions): Promise<EnsuredModel> {
  const model = findModel(options.id, options.catalogue);
  const { precision, onProgress } = options;
  requireConsent(model, options.acceptNonCommercial);
  const form = formOf(model, options.preset, options.maxSide);
  const variant = variantOf(model, precision, form);
  const folder = modelFolder(options.cacheDir, model.id);
  const calibration = precision === 'int8' ? calibrationFile(model, options.preset) : undefined;
  const adaptation = form.adaptation && adaptationPath(form.adaptation);
  const madeFrom = {
    passes: PASSES,
    ...(calibration && { calibrationSha256: await sha256Of(calibration) }),
    ...(adaptation && { adaptationSha256: await sha256Of(adaptation) }),
  };
  const describe = (sha256: string, batch: Batch, file = folder.file(`${variant}.onnx`)): PreparedModel => {
    const { name, mean, std, order, resize, padding, kernel } = model.input;
    const framing = { resize, padding, kernel };
    const input = { name, type: inputTypeOf(precision), side: form.side, mean, std, order, framing };
    return { id: model.id, variant, precision, file, sha256, input, output: model.output, batch };
  };
  const ready = async (): Promise<EnsuredModel | undefined> => {
    const manifest = await readIntact(folder, variant);
    if (manifest?.passes !== PASSES) return undefined;
    if (manifest.calibrationSha256 !== madeFrom.calibrationSha256) return undefined;
    if (manifest.adaptationSha256 !== madeFrom.adaptationSha256) return undefined;
    // Weights that were added or changed by hand replace those that an earlier form was made from.
    const source = await knownSource(model, folder);
    if (source !== undefined && source.sha256 !== manifest.sourceSha256) return undefined;
    if (!(await isDataUnchanged(model, manifest))) return undefined;
    return { ...describe(manifest.sha256, manifest.batch ?? 'any'), wasPrepared: false };
  };
  const cached = await ready();
  if (cached !== undefined) return cached;

  const source = await pullModel(options);
  return withLock(folder, async () => {
    // Another process may have prepared it while this one waited.
    const meanwhile = await ready();
    if (meanwhile !== undefined) return meanwhile;
    const totalBytes = source.manifest.size;
    onProgress({ phase: 'prepare', doneBytes: 0, totalBytes });
    const partial = join(folder.download, `${variant}.onnx`);
    const scratch = join(folder.download, `${variant}-published.onnx`);
    try {
      const { batch, data } = await prepareInto(partial, source, model, form, precision, {
        calibration,
        adaptation,
      });
      const { sha256, size } = await hashFile(partial);
      if (precision === 'fp32' && !isTested(model, source)) {
        const prepared = describe(sha256, batch, partial);
        await requireAgreement({ model, form, source: source.file, prepared, scratch });
      }
      await admit(folder, variant, partial, {
        sha256,
        size,
        sourceSha256: source.manifest.sha256,
        ...madeFrom,
        batch,
        ...(Object.keys(data).length > 0 && { data }),
      });
      onProgress({ phase: 'prepare', doneBytes: totalBytes, totalBytes });
      return { ...describe(sha256, batch), wasPrepared: true };
    } finally {
      await rm(partial, { force: true });
      await rm(scratch, { force: true });
    }
  });
}

/** Whether the passes were held against these very weights when the catalogue was made. */
function isTested({ sources }: CatalogueModel, { manifest }: PulledModel): boolean {
  return sources.some((source) => 'tested' in source && source.tested && source.sha256 === manifest.sha256);
}

async function isDataUnchanged(model: CatalogueModel, { data = {} }: Manifest): Promise<boolean> {
  const [source] = model.sources;
  const folder = source?.kind === 'file' ? dirname(source.file) : '';
  const hashes = await Promise.all(
    Object.entries(data).map(async ([name, sha256]) => {
      const actual = await sha256Of(join(folder, name)).catch(() => undefined);
      return actual === sha256;
    }),
  );
  return hashes.every(Boolean);
}

/** Such as `fp32`, `int8-832-out1`: what differs from the network as published is in the name. */
function variantOf(
  { input }: CatalogueModel,
  precision: Precision,
  { side, sideOutput, adaptation }: ModelForm,
): string {
  const parts: string[] = [precision];
  if (side !== input.side) parts.push(`${side}`);
  if (sideOutput !== 0) parts.push(`out${sideOutput}`);
  if (adaptation !== undefined) parts.push('adapted');
  return parts.join('-');
}

/** The path of the table that int8 needs. Throws MODEL_UNSUPPORTED where the preset has none. */
function calibrationFile(model: CatalogueModel, preset: Preset): string {
  const { calibration } = presetOf(model, preset);
  if (calibration !== undefined) return calibrationPath(calibration);
  throw new ClearcutError(
    'MODEL_UNSUPPORTED',
    `The preset ${preset} of the model ${model.id} has no calibration table, which int8 needs.`,
    {
      remedy: 'Make one: clearcut models calibrate FOLDER -o FILE. Or set CLEARCUT_PRECISION=fp32.',
    },
  );
}

async function prepareInto(
  file: string,
  source: PulledModel,
  model: CatalogueModel,
  form: ModelForm,
  precision: Precision,
  files: { readonly calibration: string | undefined; readonly adaptation: string | undefined },
): Promise<{ batch: Batch; data: Record<string, string> }> {
  const { proto, dataFiles } = await readModel(source.file);
  let batch: Batch;
  const adaptation = files.adaptation === undefined ? undefined : await readAdaptation(files.adaptation);
  if (precision === 'fp16') batch = prepareHalfGraph(proto, model, form, { adaptation });
  else if (files.calibration === undefined) batch = prepareGraph(proto, model, form, { adaptation });
  else {
    const stats = statsOf(await readCalibration(files.calibration));
    batch = prepareInt8Graph(proto, model, form, { stats, adaptation });
  }
  await writeFile(file, toBinary(ModelProtoSchema, proto));
  const folder = dirname(source.file);
  const hashes = await Promise.all(
    dataFiles.map(async (name) => [name, await sha256Of(join(folder, name))] as const),
  );
  return { batch, data: Object.fromEntries(hashes) };
}
