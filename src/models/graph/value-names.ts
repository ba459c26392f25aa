import type { GraphProto } from '../onnx/onnx_pb.js';

/**
 * Names every inner value by what makes it and the how-manieth of its kind that is, such as `Conv_12`. Exporters name
 * values as they please; the order of the nodes is the network's own, so a calibration table that was made from one
 * published file of the weights fits the others. Changes the graph in place.
 */
export function nameValues(graph: GraphProto): void {
  const kept = new Set([...graph.input, ...graph.output].map((value) => value.name));
  const counts = new Map<string, number>();
  const renamed = new Map<string, string>();
  for (const node of graph.node) {
    for (const output of node.output) {
      if (output === '' || kept.has(output)) continue;
      const count = counts.get(node.opType) ?? 0;
      counts.set(node.opType, count + 1);
      renamed.set(output, `${node.opType}_${count}`);
    }
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  for (const node of graph.node) {
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
  }
  for (const value of graph.valueInfo) value.name = rename(value.name);
}
