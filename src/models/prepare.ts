import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ClearcutError, messageOf } from '../errors.js';
import { admit, modelFolder, readIntact, readManifest, withLock } from './cache.js';
import { calibrationPath, readCalibration, statsOf } from './calibration.js';
import { type CatalogueModel, findModel, formOf, type ModelForm, type Preset } from './catalogue.js';
import { hashFile, sha256Of } from './hashes.js';
import type { Precision, PreparedModel } from './model.js';
import { type ModelProto, ModelProtoSchema } from './onnx/onnx_pb.js';
import { inputTypeOf, prepareGraph, prepareHalfGraph, prepareInt8Graph } from './prepare-graph.js';
import { type PulledModel, type PullOptions, pullModel } from './pull.js';

/** Raised whenever the passes make something else of the same weights; prepared files of before are made anew. */
export const PASSES = 2;

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
 * pullModel throws, and MODEL_UNSUPPORTED where the passes cannot handle the graph.
 */
export async function ensureModel(options: EnsureOptions): Promise<EnsuredModel> {
  const model = findModel(options.id, options.catalogue);
  const { precision, onProgress } = options;
  const form = formOf(model, options.preset, options.maxSide);
  const variant = variantOf(model, precision, form);
  const folder = modelFolder(options.cacheDir, model.id);
  const calibration = precision === 'int8' ? calibrationFile(model, options.preset) : undefined;
  const madeFrom = {
    passes: PASSES,
    ...(calibration && { calibrationSha256: await sha256Of(calibration) }),
  };
  const describe = (sha256: string, wasPrepared: boolean): EnsuredModel => {
    const { name, mean, std } = model.input;
    const input = { name, type: inputTypeOf(precision), side: form.side, mean, std };
    const file = folder.file(`${variant}.onnx`);
    return { id: model.id, variant, precision, file, sha256, input, output: model.output, wasPrepared };
  };
  const ready = async () => {
    const manifest = await readIntact(folder, variant);
    if (manifest?.passes !== PASSES || manifest.calibrationSha256 !== madeFrom.calibrationSha256)
      return undefined;
    // Weights that were added by hand replace those that an earlier form was made from.
    const source = await readManifest(folder, 'source');
    if (source !== undefined && source.sha256 !== manifest.sourceSha256) return undefined;
    return describe(manifest.sha256, false);
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
    try {
      await writeFile(partial, await preparedBytes(source, model, form, precision, calibration));
      const { sha256, size } = await hashFile(partial);
      await admit(folder, variant, partial, {
        sha256,
        size,
        sourceSha256: source.manifest.sha256,
        ...madeFrom,
      });
      onProgress({ phase: 'prepare', doneBytes: totalBytes, totalBytes });
      return describe(sha256, true);
    } finally {
      await rm(partial, { force: true });
    }
  });
}

/** Such as `fp32`, `int8-640-out1`: what differs from the network as published is in the name. */
function variantOf({ input }: CatalogueModel, precision: Precision, { side, sideOutput }: ModelForm): string {
  const parts: string[] = [precision];
  if (side !== input.side) parts.push(`${side}`);
  if (sideOutput !== 0) parts.push(`out${sideOutput}`);
  return parts.join('-');
}

/** The path of the table that int8 needs. Throws MODEL_UNSUPPORTED where the preset has none. */
function calibrationFile({ id, presets }: CatalogueModel, preset: Preset): string {
  const { calibration } = presets[preset];
  if (calibration !== undefined) return calibrationPath(calibration);
  throw new ClearcutError(
    'MODEL_UNSUPPORTED',
    `The preset ${preset} of the model ${id} has no calibration table, which int8 needs.`,
    {
      remedy: 'Make one: clearcut models calibrate FOLDER -o FILE. Or set CLEARCUT_PRECISION=fp32.',
    },
  );
}

async function preparedBytes(
  source: PulledModel,
  model: CatalogueModel,
  form: ModelForm,
  precision: Precision,
  calibration: string | undefined,
): Promise<Uint8Array> {
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, await readFile(source.file));
  } catch (error) {
    throw new ClearcutError('MODEL_UNSUPPORTED', `${source.file} is no ONNX model: ${messageOf(error)}.`);
  }
  if (precision === 'fp16') prepareHalfGraph(proto, model, form);
  else if (calibration === undefined) prepareGraph(proto, model, form);
  else prepareInt8Graph(proto, model, form, statsOf(await readCalibration(calibration)));
  return toBinary(ModelProtoSchema, proto);
}
