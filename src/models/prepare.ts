import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ClearcutError, messageOf } from '../errors.js';
import { admit, modelFolder, readIntact, readManifest, withLock } from './cache.js';
import { type CatalogueModel, findModel, sideFor } from './catalogue.js';
import { freeBatch, scaleSide } from './graph/dimensions.js';
import { toFloat32 } from './graph/float32.js';
import { nameEnds } from './graph/name-ends.js';
import { keepOutput } from './graph/prune.js';
import { hashFile } from './hashes.js';
import type { PreparedModel } from './model.js';
import { type GraphProto, type ModelProto, ModelProtoSchema } from './onnx/onnx_pb.js';
import { type PulledModel, type PullOptions, pullModel } from './pull.js';

/** Raised whenever the passes make something else of the same weights; prepared files of before are made anew. */
const PASSES = 1;

export interface EnsureOptions extends PullOptions {
  /** Most pixels on a side that the model may see; it runs at the largest side that suits it. */
  readonly maxSide: number;
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
  const side = sideFor(model, options.maxSide);
  const variant = side === model.input.side ? 'fp32' : `fp32-${side}`;
  const folder = modelFolder(options.cacheDir, model.id);
  const ready = async () => {
    const manifest = await readIntact(folder, variant);
    if (manifest?.passes !== PASSES) return undefined;
    // Weights that were added by hand replace those that an earlier form was made from.
    const source = await readManifest(folder, 'source');
    if (source !== undefined && source.sha256 !== manifest.sourceSha256) return undefined;
    return describe(model, variant, side, folder.file(`${variant}.onnx`), manifest.sha256);
  };
  const cached = await ready();
  if (cached !== undefined) return { ...cached, wasPrepared: false };

  const source = await pullModel(options);
  return withLock(folder, async () => {
    // Another process may have prepared it while this one waited.
    const meanwhile = await ready();
    if (meanwhile !== undefined) return { ...meanwhile, wasPrepared: false };
    options.onProgress({ phase: 'prepare', doneBytes: 0, totalBytes: source.manifest.size });
    const partial = join(folder.download, `${variant}.onnx`);
    try {
      await writeFile(partial, await preparedBytes(source, model, side));
      const { sha256, size } = await hashFile(partial);
      await admit(folder, variant, partial, {
        sha256,
        size,
        sourceSha256: source.manifest.sha256,
        passes: PASSES,
      });
      options.onProgress({
        phase: 'prepare',
        doneBytes: source.manifest.size,
        totalBytes: source.manifest.size,
      });
      return { ...describe(model, variant, side, folder.file(`${variant}.onnx`), sha256), wasPrepared: true };
    } finally {
      await rm(partial, { force: true });
    }
  });
}

async function preparedBytes(source: PulledModel, model: CatalogueModel, side: number): Promise<Uint8Array> {
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, await readFile(source.file));
  } catch (error) {
    throw new ClearcutError('MODEL_UNSUPPORTED', `${source.file} is no ONNX model: ${messageOf(error)}.`);
  }
  prepareGraph(proto, model, side);
  return toBinary(ModelProtoSchema, proto);
}

/** All passes in their order; changes the model in place. */
export function prepareGraph(
  { graph }: ModelProto,
  model: { input: { name: string; side: number }; output: { name: string } },
  side: number,
): void {
  if (graph === undefined) throw new ClearcutError('MODEL_UNSUPPORTED', 'The model has no graph.');
  refuseInnerGraphs(graph);
  nameEnds(graph, { input: model.input.name, output: model.output.name });
  // Types of inner values are needed here and dropped by the pruning.
  toFloat32(graph);
  keepOutput(graph, model.output.name);
  scaleSide(graph, model.input.side, side);
  freeBatch(graph);
}

/** A branch or loop reads values of the graph around it without naming them as inputs: no pass follows that. */
function refuseInnerGraphs(graph: GraphProto): void {
  const outer = graph.node.find(({ attribute }) =>
    attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0),
  );
  if (outer === undefined) return;
  throw new ClearcutError('MODEL_UNSUPPORTED', `The node "${outer.name}" holds a graph of its own.`);
}

function describe(
  model: CatalogueModel,
  variant: string,
  side: number,
  file: string,
  sha256: string,
): PreparedModel {
  const { name, mean, std } = model.input;
  return { id: model.id, variant, file, sha256, input: { name, side, mean, std }, output: model.output };
}
