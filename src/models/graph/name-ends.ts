import { ClearcutError } from '../../errors.js';
import type { GraphProto } from '../onnx/onnx_pb.js';
import { renameValue } from './inner-graphs.js';

/**
 * Gives the picture that goes in and the matte that comes out the names of the catalogue. The same weights are
 * published with different names; the picture and the matte are the first input and the first output then. Throws
 * MODEL_UNSUPPORTED where the graph wants more than a picture. Changes the graph in place.
 */
export function nameEnds(graph: GraphProto, names: { input: string; output: string }): void {
  const inputs = inputsOf(graph);
  const others = inputs.filter(({ name }) => name !== (pick(inputs, names.input) ?? name));
  if (inputs.length === 0) throw new ClearcutError('MODEL_UNSUPPORTED', 'The model has no input.');
  if (others.length > 0) {
    const wanted = others.map(({ name }) => `"${name}"`).join(', ');
    throw new ClearcutError('MODEL_UNSUPPORTED', `The model wants more than a picture: ${wanted}.`);
  }
  giveName(graph, inputs, names.input);
  giveName(graph, graph.output, names.output);
}

/** What has to be fed. Old exporters list weights among the inputs too. */
export function inputsOf(graph: GraphProto): GraphProto['input'] {
  const weights = new Set(graph.initializer.map((tensor) => tensor.name));
  return graph.input.filter((input) => !weights.has(input.name));
}

/** The end of this name, or else the first. */
function pick(ends: GraphProto['input'], name: string): string | undefined {
  return ends.some((end) => end.name === name) ? name : ends[0]?.name;
}

function giveName(graph: GraphProto, ends: GraphProto['input'], name: string): void {
  const before = pick(ends, name);
  if (before === undefined || before === name) return;
  // Another value may have the name: an inner one, or an output that is not the matte.
  renameValue(graph, name, `${name}/other`);
  renameValue(graph, before, name);
}
