import type { GraphProto, NodeProto } from '../onnx/onnx_pb.js';
import { intsOf } from './build.js';

/** Convolutions with as large a gap between their taps look across the picture, and those beside them help. */
const WIDE = 4;
/** Operators between two convolutions that leave sizes as they are. */
const BETWEEN = new Set(['Relu', 'Concat']);

/**
 * Lets the convolutions that look across the picture reach as much of it at `to` pixels as they did at `from`, where the
 * network was trained: at half the side they look half as far. Left as they are they would reach beyond the picture,
 * where there are only zeros. Those with a gap of 4 or more are meant, and the dilated ones next to them (the blocks
 * RSU-4F of U-2-Net and IS-Net, Qin et al. 2020). Changes the graph in place.
 */
export function scaleDilations(graph: GraphProto, from: number, to: number): void {
  if (from === to) return;
  for (const node of acrossThePicture(graph)) {
    const dilations = intsOf(node, 'dilations', []);
    const kernel = intsOf(node, 'kernel_shape', []);
    const scaled = dilations.map((dilation) => Math.max(1, Math.round((dilation * to) / from)));
    // As much less of a border as the kernel is shorter, half of it on either side.
    const pads = intsOf(node, 'pads', []).map((pad, at) => {
      const axis = at % dilations.length;
      const less = (dilations[axis] ?? 1) - (scaled[axis] ?? 1);
      return pad - (less * ((kernel[axis] ?? 1) - 1)) / 2;
    });
    setInts(node, 'dilations', scaled);
    setInts(node, 'pads', pads);
  }
}

function acrossThePicture(graph: GraphProto): NodeProto[] {
  const producers = new Map(
    graph.node.flatMap((node) => node.output.map((output) => [output, node] as const)),
  );
  const before = (node: NodeProto): NodeProto[] =>
    node.input.flatMap((input) => {
      const producer = producers.get(input);
      if (producer === undefined) return [];
      return BETWEEN.has(producer.opType) ? before(producer) : [producer];
    });
  const wide = new Set<NodeProto>();
  for (const node of graph.node.filter((each) => widestGap(each) > 1)) {
    for (const other of before(node).filter((each) => widestGap(each) > 1)) {
      if (Math.max(widestGap(node), widestGap(other)) < WIDE) continue;
      wide.add(node).add(other);
    }
    if (widestGap(node) >= WIDE) wide.add(node);
  }
  return [...wide];
}

function widestGap(node: NodeProto): number {
  return node.opType === 'Conv' ? Math.max(...intsOf(node, 'dilations', [1])) : 0;
}

function setInts(node: NodeProto, name: string, values: readonly number[]): void {
  const attribute = node.attribute.find((candidate) => candidate.name === name);
  if (attribute !== undefined) attribute.ints = values.map(BigInt);
}
