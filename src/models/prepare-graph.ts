import { ClearcutError } from '../errors.js';
import type { ModelForm } from './catalogue.js';
import { adaptChannels, type ChannelsByValue } from './graph/adapt-channels.js';
import { scaleDilations } from './graph/dilations.js';
import { freeBatch, requireSide, scaleSide } from './graph/dimensions.js';
import { floatEnds } from './graph/float-ends.js';
import { toFloat32 } from './graph/float32.js';
import { hasInnerGraphs } from './graph/inner-graphs.js';
import { inputsOf, nameEnds } from './graph/name-ends.js';
import { keepOutput, removeUnused } from './graph/prune.js';
import { scaleResizes } from './graph/resize-scales.js';
import { nameValues } from './graph/value-names.js';
import type { ModelInput, Precision } from './model.js';
import { TensorProto_DataType as DataType, type GraphProto, type ModelProto } from './onnx/onnx_pb.js';
import type { StatsByValue } from './quantize/activation-stats.js';
import { quantize } from './quantize/quantize.js';

/** What the passes have to know of a model. */
export interface GraphFacts {
  readonly input: Pick<ModelInput, 'name' | 'side' | 'mean' | 'std' | 'order'> & {
    readonly layout?: 'nchw' | 'nhwc';
  };
  readonly output: { readonly name: string };
  readonly batch?: 'any' | 'one';
  /** The ends that the user of a described network named; left out for the catalogue's, which has names for all. */
  readonly named?: readonly ('input' | 'output')[];
}

/** Whether one run of the prepared network takes several pictures. */
export type Batch = 'any' | 'one';

/** Tables that came with the preset. */
export interface Tables {
  readonly adaptation?: ChannelsByValue | undefined;
}

/**
 * All passes that turn published weights into the float32 network of a form, in their order; changes the model in
 * place. Throws MODEL_UNSUPPORTED.
 */
export function prepareGraph(
  proto: ModelProto,
  model: GraphFacts,
  form: ModelForm,
  tables: Tables = {},
): Batch {
  const graph = openGraph(proto, model, form);
  // Types of inner values are needed here and dropped by the pruning.
  toFloat32(graph);
  return cut(graph, model, form, tables);
}

/** The same in half precision, as the weights were published. Throws MODEL_UNSUPPORTED where they were not. */
export function prepareHalfGraph(
  proto: ModelProto,
  model: GraphFacts,
  form: ModelForm,
  tables: Tables = {},
): Batch {
  const graph = openGraph(proto, model, form);
  if (!graph.initializer.some((tensor) => tensor.dataType === DataType.FLOAT16))
    throw new ClearcutError('MODEL_UNSUPPORTED', 'These weights were not published in half precision.');
  return cut(graph, model, form, tables);
}

/** The same in static int8, with the activation ranges of a calibration table. */
export function prepareInt8Graph(
  proto: ModelProto,
  model: GraphFacts,
  form: ModelForm,
  { stats, ...tables }: Tables & { readonly stats: StatsByValue },
): Batch {
  if (model.input.order === 'bgr' || model.input.layout === 'nhwc')
    throw new ClearcutError(
      'MODEL_UNSUPPORTED',
      'int8 is for networks that take N x 3 x side x side in RGB.',
    );
  const batch = prepareGraph(proto, model, form, tables);
  if (proto.graph !== undefined) quantize(proto.graph, { stats, input: { ...model.input, side: form.side } });
  return batch;
}

/** As published, but for what a caller has to know: the matte alone, float32 and planes at the ends, their names. */
export function openAsPublished(proto: ModelProto, model: GraphFacts, form: ModelForm): void {
  const graph = openGraph(proto, model, form);
  nameEnds(graph, { input: model.input.name, output: model.output.name });
  floatEnds(graph, model.input.layout ?? 'nchw');
}

/** Whether a network of this precision takes bytes; see ModelInput. */
export function inputTypeOf(precision: Precision): ModelInput['type'] {
  return precision === 'int8' ? 'uint8' : 'float32';
}

function openGraph({ graph }: ModelProto, model: GraphFacts, { sideOutput }: ModelForm): GraphProto {
  if (graph === undefined) throw new ClearcutError('MODEL_UNSUPPORTED', 'The model has no graph.');
  if (model.named?.includes('input')) requireNamed('input', model.input.name, inputsOf(graph));
  if (model.named?.includes('output')) requireNamed('output', model.output.name, graph.output);
  const wanted = outputsInOrder(graph, model)[sideOutput];
  if (wanted === undefined)
    throw new ClearcutError('MODEL_UNSUPPORTED', `The model has no output number ${sideOutput}.`);
  graph.output = [wanted];
  return graph;
}

/** The matte first: the output with the catalogue's name, or the graph's first where its user named none. */
function outputsInOrder(
  { output: outputs }: GraphProto,
  { output, named }: GraphFacts,
): GraphProto['output'] {
  if (named !== undefined && !named.includes('output')) return outputs;
  const isMatte = ({ name }: { name: string }) => name === output.name;
  return [...outputs.filter(isMatte), ...outputs.filter((each) => !isMatte(each))];
}

function requireNamed(end: string, name: string, ends: GraphProto['input']): void {
  if (ends.some((each) => each.name === name)) return;
  const there = ends.map((each) => `"${each.name}"`).join(', ');
  throw new ClearcutError('MODEL_UNSUPPORTED', `The model has no ${end} "${name}"; it has: ${there}.`);
}

function cut(
  graph: GraphProto,
  model: GraphFacts,
  { side, dilations }: ModelForm,
  { adaptation }: Tables,
): Batch {
  const { input, output } = model;
  for (const { name } of graph.output) keepOutput(graph, name);
  // Only now: the name may have been that of another output.
  nameEnds(graph, { input: input.name, output: output.name });
  floatEnds(graph, input.layout ?? 'nchw');
  requireSide(graph, input.side);
  if (hasInnerGraphs(graph)) {
    // Sizes and batches may be written into a branch or a loop, where no pass looks for them.
    if (side === input.side) return 'one';
    throw new ClearcutError(
      'MODEL_UNSUPPORTED',
      `A model with branches or loops sees ${input.side} pixels only.`,
    );
  }
  scaleSide(graph, input.side, side);
  scaleResizes(graph, input.name, side);
  if (dilations === 'scaled') scaleDilations(graph, input.side, side);
  removeUnused(graph);
  const batch = batchOf(graph, model);
  nameValues(graph);
  if (adaptation !== undefined) {
    adaptChannels(graph, adaptation);
    removeUnused(graph);
  }
  return batch;
}

function batchOf(graph: GraphProto, { batch = 'any' }: GraphFacts): Batch {
  if (batch === 'one') return 'one';
  try {
    freeBatch(graph);
    return 'any';
  } catch (error) {
    if (error instanceof ClearcutError && error.code === 'MODEL_UNSUPPORTED') return 'one';
    throw error;
  }
}
