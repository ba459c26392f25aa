import { ClearcutError } from '../../errors.js';
import type { GraphProto } from '../onnx/onnx_pb.js';
import { readsOf } from './inner-graphs.js';

/**
 * Keeps one output of the graph and only what it needs: training heads and side outputs cost time and memory and
 * nobody reads them. The recorded shapes of inner values go too: they belong to the shipped form, and the runtime
 * infers them anew. Changes the graph in place.
 */
export function keepOutput(graph: GraphProto, name: string): void {
  graph.output = graph.output.filter((output) => output.name === name);
  if (graph.output.length === 0) {
    throw new ClearcutError('MODEL_UNSUPPORTED', `The model has no output named "${name}".`);
  }
  removeUnused(graph);
  graph.valueInfo = [];
}

/** Removes what no output of the graph needs: nodes, weights and inputs. Changes the graph in place. */
export function removeUnused(graph: GraphProto): void {
  const needed = new Set(graph.output.map((output) => output.name));
  // Nodes are sorted so that producers come before consumers (ONNX specification, "Graphs").
  graph.node = graph.node
    .toReversed()
    .filter((node) => {
      if (!node.output.some((output) => needed.has(output))) return false;
      for (const name of readsOf(node)) needed.add(name);
      return true;
    })
    .toReversed();
  graph.initializer = graph.initializer.filter((tensor) => needed.has(tensor.name));
  graph.input = graph.input.filter((input) => needed.has(input.name));
}
