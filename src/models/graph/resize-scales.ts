import type { GraphProto, NodeProto } from '../onnx/onnx_pb.js';
import { intOf, intsOf, makeTensor } from './build.js';
import { constantsOf, readInt64 } from './constants.js';

type Size = readonly [height: number, width: number];

/**
 * Lets every Resize that enlarges by a whole factor say the factor instead of a size that is worked out from the
 * shape of another value: the same numbers come out, and the shape arithmetic, which a GPU would leave to the
 * processor, is no longer needed (remove it with removeUnused). `side`: pixels of the square input. Changes the graph
 * in place.
 */
export function scaleResizes(graph: GraphProto, input: string, side: number): void {
  const constants = constantsOf(graph);
  const producers = new Map(
    graph.node.flatMap((node) => node.output.map((output) => [output, node] as const)),
  );
  const sizes = new Map<string, Size>([[input, [side, side]]]);
  for (const node of graph.node) {
    const from = sizes.get(node.input[0] ?? '');
    if (from === undefined) continue;
    const to = node.opType === 'Resize' ? targetOf(node) : sizeAfter(node, from);
    if (to === undefined) continue;
    for (const output of node.output) sizes.set(output, to);
    if (node.opType === 'Resize') useFactor(node, to[0] / from[0], to[1] / from[1]);
  }

  /** PyTorch exports sizes as Concat(Slice(Shape(x), 0, 2), [height, width]). */
  function targetOf(node: NodeProto): Size | undefined {
    const joined = producers.get(node.input[3] ?? '');
    if (joined?.opType !== 'Concat') return undefined;
    const known = joined.input.slice(1).flatMap((name) => {
      const constant = constants.get(name);
      return constant === undefined ? [] : readInt64(constant);
    });
    const [height, width] = known;
    return known.length === 2 && height !== undefined && width !== undefined ? [height, width] : undefined;
  }

  function useFactor(node: NodeProto, vertical: number, horizontal: number): void {
    if (!(Number.isInteger(vertical) && Number.isInteger(horizontal))) return;
    const name = `${node.output[0]}/scales`;
    graph.initializer.push(makeTensor(name, [4], Float32Array.of(1, 1, vertical, horizontal)));
    node.input = [node.input[0] ?? '', '', name];
  }
}

const SAME_SIZE = new Set(['Relu', 'Sigmoid', 'Add', 'Concat', 'Cast']);

/** What a node makes of the height and width of its first input; undefined where this pass does not know. */
function sizeAfter(node: NodeProto, [height, width]: Size): Size | undefined {
  if (SAME_SIZE.has(node.opType)) return [height, width];
  if (node.opType !== 'Conv' && node.opType !== 'MaxPool') return undefined;
  const kernel = intsOf(node, 'kernel_shape', []);
  if (kernel.length !== 2) return undefined;
  const strides = intsOf(node, 'strides', [1, 1]);
  const dilations = intsOf(node, 'dilations', [1, 1]);
  const pads = intsOf(node, 'pads', [0, 0, 0, 0]);
  const round = intOf(node, 'ceil_mode', 0) === 1 ? Math.ceil : Math.floor;
  const along = (size: number, axis: 0 | 1): number => {
    const reach = (dilations[axis] ?? 1) * ((kernel[axis] ?? 1) - 1) + 1;
    const room = size + (pads[axis] ?? 0) + (pads[axis + 2] ?? 0) - reach;
    return round(room / (strides[axis] ?? 1)) + 1;
  };
  return [along(height, 0), along(width, 1)];
}
