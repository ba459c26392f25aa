import { ClearcutError } from '../errors.js';
import type { ModelForm } from './catalogue.js';
import { freeBatch, scaleSide } from './graph/dimensions.js';
import { toFloat32 } from './graph/float32.js';
import { nameEnds } from './graph/name-ends.js';
import { keepOutput, removeUnused } from './graph/prune.js';
import { scaleResizes } from './graph/resize-scales.js';
import { nameValues } from './graph/value-names.js';
import type { ModelInput, Precision } from './model.js';
import { TensorProto_DataType as DataType, type GraphProto, type ModelProto } from './onnx/onnx_pb.js';
import type { StatsByValue } from './quantize/activation-stats.js';
import { quantize } from './quantize/quantize.js';

/** What the passes have to know of a model. */
export interface GraphFacts {
  readonly input: Pick<ModelInput, 'name' | 'side' | 'mean' | 'std'>;
  readonly output: { readonly name: string };
}

/**
 * All passes that turn published weights into the float32 network of a form, in their order; changes the model in
 * place. Throws MODEL_UNSUPPORTED.
 */
export function prepareGraph(proto: ModelProto, model: GraphFacts, form: ModelForm): void {
  const graph = openGraph(proto, model, form);
  // Types of inner values are needed here and dropped by the pruning.
  toFloat32(graph);
  cut(graph, model, form);
}

/** The same in half precision, as the weights were published. Throws MODEL_UNSUPPORTED where they were not. */
export function prepareHalfGraph(proto: ModelProto, model: GraphFacts, form: ModelForm): void {
  const graph = openGraph(proto, model, form);
  if (!graph.initializer.some((tensor) => tensor.dataType === DataType.FLOAT16))
    throw new ClearcutError('MODEL_UNSUPPORTED', 'These weights were not published in half precision.');
  cut(graph, model, form);
}

/** The same in static int8, with the activation ranges of a calibration table. */
export function prepareInt8Graph(
  proto: ModelProto,
  model: GraphFacts,
  form: ModelForm,
  stats: StatsByValue,
): void {
  prepareGraph(proto, model, form);
  if (proto.graph !== undefined) quantize(proto.graph, { stats, input: { ...model.input, side: form.side } });
}

/** Whether a network of this precision takes bytes; see ModelInput. */
export function inputTypeOf(precision: Precision): ModelInput['type'] {
  return precision === 'int8' ? 'uint8' : 'float32';
}

function openGraph({ graph }: ModelProto, { output }: GraphFacts, { sideOutput }: ModelForm): GraphProto {
  if (graph === undefined) throw new ClearcutError('MODEL_UNSUPPORTED', 'The model has no graph.');
  refuseInnerGraphs(graph);
  // The matte is the output with the catalogue's name, or else the first; the side outputs follow in their order.
  const isMatte = ({ name }: { name: string }) => name === output.name;
  const wanted = [...graph.output.filter(isMatte), ...graph.output.filter((each) => !isMatte(each))][
    sideOutput
  ];
  if (wanted === undefined)
    throw new ClearcutError('MODEL_UNSUPPORTED', `The model has no output number ${sideOutput}.`);
  graph.output = [wanted];
  return graph;
}

function cut(graph: GraphProto, { input, output }: GraphFacts, { side }: ModelForm): void {
  for (const { name } of graph.output) keepOutput(graph, name);
  // Only now: the name may have been that of another output.
  nameEnds(graph, { input: input.name, output: output.name });
  scaleSide(graph, input.side, side);
  scaleResizes(graph, input.name, side);
  removeUnused(graph);
  freeBatch(graph);
  nameValues(graph);
}

/** A branch or loop reads values of the graph around it without naming them as inputs: no pass follows that. */
function refuseInnerGraphs(graph: GraphProto): void {
  const outer = graph.node.find(({ attribute }) =>
    attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0),
  );
  if (outer === undefined) return;
  throw new ClearcutError('MODEL_UNSUPPORTED', `The node "${outer.name}" holds a graph of its own.`);
}
