import type { GraphProto } from '../onnx/onnx_pb.js';

/**
 * Gives the picture that goes in and the matte that comes out the names of the catalogue. The same weights are
 * published with different names; the picture and the matte are the first input and the first output then. Changes the
 * graph in place.
 */
export function nameEnds(graph: GraphProto, names: { input: string; output: string }): void {
  const weights = new Set(graph.initializer.map((tensor) => tensor.name));
  const inputs = graph.input.filter((input) => !weights.has(input.name));
  giveName(graph, inputs, names.input);
  giveName(graph, graph.output, names.output);
}

function giveName(graph: GraphProto, ends: GraphProto['input'], name: string): void {
  const [first] = ends;
  if (first === undefined || ends.some((end) => end.name === name)) return;
  const before = first.name;
  const renamed = (value: string): string => (value === before ? name : value);
  for (const node of graph.node) {
    node.input = node.input.map(renamed);
    node.output = node.output.map(renamed);
  }
  for (const value of [...graph.input, ...graph.output, ...graph.valueInfo]) value.name = renamed(value.name);
}
