import type { GraphProto, NodeProto } from '../onnx/onnx_pb.js';

/**
 * Branches and loops hold graphs of their own, which read values of the graph around them without naming them among the
 * inputs of their node (ONNX specification, "Names Within a Graph").
 */

/** The graphs that a node holds. */
function graphsIn(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => (g === undefined ? graphs : [g, ...graphs]));
}

/** This graph and every graph inside it. */
export function everyGraph(graph: GraphProto): GraphProto[] {
  return [graph, ...graph.node.flatMap(graphsIn).flatMap(everyGraph)];
}

export function hasInnerGraphs(graph: GraphProto): boolean {
  return graph.node.some((node) => graphsIn(node).length > 0);
}

/** What a node may read of the graph around it: its inputs, and whatever the graphs that it holds name. */
export function readsOf(node: NodeProto): string[] {
  const inner = graphsIn(node)
    .flatMap(everyGraph)
    .flatMap(({ node: nodes, output }) => [
      ...nodes.flatMap(({ input }) => input),
      ...output.map(({ name }) => name),
    ]);
  // An optional input that is left out has an empty name.
  return [...node.input, ...inner].filter((name) => name !== '');
}

/** Gives a value another name, wherever it is made or read. Changes the graph in place. */
export function renameValue(graph: GraphProto, from: string, to: string): void {
  const renamed = (name: string): string => (name === from ? to : name);
  for (const each of everyGraph(graph)) {
    for (const node of each.node) {
      node.input = node.input.map(renamed);
      node.output = node.output.map(renamed);
    }
    for (const value of [...each.input, ...each.output, ...each.valueInfo, ...each.initializer])
      value.name = renamed(value.name);
  }
}
