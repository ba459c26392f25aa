import { readFloats } from '../graph/build.js';
import { constantsOf } from '../graph/constants.js';
import { removeUnused } from '../graph/prune.js';
import type { GraphProto, NodeProto, TensorProto } from '../onnx/onnx_pb.js';
import type { StatsByValue } from './activation-stats.js';
import { type ByteInput, foldByteInput } from './byte-input.js';
import { quantizeAndBack, quantizeConvolution, type Scale, scaleOf, unsupported } from './qdq.js';
import { quantizeHead } from './quantize-head.js';

export interface QuantizeOptions {
  readonly stats: StatsByValue;
  readonly input: ByteInput;
}

/** Operators that hand on the very numbers they are given, or numbers between them: their bytes mean the same. */
const SAME_SCALE = new Set(['MaxPool', 'Resize']);

/**
 * Turns a float32 network of convolutions into static int8: uint8 activations with one scale for each value, int8
 * weights with one for each output channel, int32 biases. Written with QuantizeLinear and DequantizeLinear around
 * float operators ("QDQ"), which the runtime melts into integer ones. Takes the picture as bytes. Throws
 * MODEL_UNSUPPORTED for a network it cannot follow. Changes the graph in place.
 */
export function quantize(graph: GraphProto, options: QuantizeOptions): void {
  const { stats } = options;
  const rectified = dropRelus(graph);
  const constants = constantsOf(graph);
  const scales = new Map<string, Scale>();
  const means = new Map<string, readonly number[]>();
  const nodes: NodeProto[] = [];
  const tensors: TensorProto[] = [];
  const head = headOf(graph, constants);

  const first = graph.node.find((node) => node.input[0] === options.input.name);
  if (first?.opType !== 'Conv' || first === head) throw unsupported('does not begin with a convolution');
  const picture = foldByteInput(graph, first, constants, options.input);
  nodes.push(...picture.nodes);
  tensors.push(...picture.tensors);
  scales.set(picture.value, picture.scale);
  means.set(picture.value, picture.means);

  let isTail = false;
  for (const node of graph.node) {
    // What follows the head stays float, and may read constants that stand anywhere.
    if (isTail || node.opType === 'Constant') {
      nodes.push(node);
      continue;
    }
    const [output = ''] = node.output;
    if (node === head) {
      const quantized = quantizeHead(node, inputsOf(node), weightsOf(node));
      nodes.push(...quantized.nodes);
      tensors.push(...quantized.tensors);
      isTail = true;
      continue;
    }
    const scale = scaleAfter(node, output);
    const mean = meansAfter(node, output);
    if (node.opType === 'Conv') {
      const parts = quantizeConvolution(node, { ...weightsOf(node), ...inputsOf(node) });
      nodes.push(...parts.nodes);
      tensors.push(...parts.tensors);
    } else {
      node.input = node.input.map((input) => (scales.has(input) ? `${input}/float` : input));
      nodes.push(node);
    }
    scales.set(output, scale);
    means.set(output, mean);
    const ends = quantizeAndBack(output, scale);
    nodes.push(...ends.nodes);
    tensors.push(...ends.tensors);
  }
  graph.node = nodes;
  graph.initializer.push(...tensors);
  removeUnused(graph);

  function inputsOf(node: NodeProto): { input: string; inputScale: Scale; inputMeans: readonly number[] } {
    const [input = ''] = node.input;
    const inputScale = scales.get(input);
    const inputMeans = means.get(input);
    if (inputScale === undefined || inputMeans === undefined)
      throw unsupported(`has a value "${input}" of unknown range`);
    return { input: `${input}/float`, inputScale, inputMeans };
  }

  function weightsOf(node: NodeProto): { weights: TensorProto; bias: Float32Array } {
    const weights = constants.get(node.input[1] ?? '');
    if (weights === undefined) throw unsupported(`has a convolution "${node.name}" without constant weights`);
    const bias = constants.get(node.input[2] ?? '');
    const biases = bias === undefined ? undefined : readFloats(bias);
    return { weights, bias: biases ?? new Float32Array(Number(weights.dims[0])) };
  }

  function scaleAfter(node: NodeProto, output: string): Scale {
    const given = scales.get(node.input[0] ?? '');
    if (SAME_SCALE.has(node.opType) && given !== undefined) return given;
    if (node.opType === 'Concat') return widest(node.input.map((input) => scales.get(input)));
    const found = stats.get(output);
    if (found === undefined) throw unsupported(`has a value "${output}" that the calibration table lacks`);
    return scaleOf(rectified.has(output) ? 0 : Math.min(0, found.min), found.max);
  }

  function meansAfter(node: NodeProto, output: string): readonly number[] {
    const found = stats.get(output);
    if (found !== undefined) return found.mean;
    const given = node.input.flatMap((input) => means.get(input) ?? []);
    if (given.length === 0) throw unsupported(`has a value "${output}" that the calibration table lacks`);
    return given;
  }
}

/** What the network computes before its last enlargement and activation: the one convolution nothing follows. */
function headOf(graph: GraphProto, constants: ReadonlyMap<string, TensorProto>): NodeProto {
  const head = graph.node.findLast((node) => node.opType === 'Conv');
  const weights = constants.get(head?.input[1] ?? '');
  if (head === undefined || weights === undefined || Number(weights.dims[0]) !== 1)
    throw unsupported('does not end in a convolution with one channel');
  return head;
}

/** A Relu behind a convolution is what quantizing to a scale that begins at zero does anyway. */
function dropRelus(graph: GraphProto): ReadonlySet<string> {
  const readers = new Map<string, number>();
  for (const node of graph.node)
    for (const input of node.input) readers.set(input, (readers.get(input) ?? 0) + 1);
  const producers = new Map(graph.node.map((node) => [node.output[0] ?? '', node] as const));
  const rectified = new Set<string>();
  graph.node = graph.node.filter((node) => {
    const [input = ''] = node.input;
    const [output = ''] = node.output;
    const producer = producers.get(input);
    if (node.opType !== 'Relu' || producer?.opType !== 'Conv' || readers.get(input) !== 1) return true;
    producer.output = [output];
    rectified.add(output);
    return false;
  });
  return rectified;
}

function widest(scales: readonly (Scale | undefined)[]): Scale {
  let low = 0;
  let high = 0;
  for (const part of scales) {
    if (part === undefined) throw unsupported('joins values of unknown range');
    low = Math.min(low, -part.zeroPoint * part.scale);
    high = Math.max(high, (255 - part.zeroPoint) * part.scale);
  }
  return scaleOf(low, high);
}
