import { makeNode, makeTensor, readFloats, writeFloats } from '../graph/build.js';
import type { ModelInput } from '../model.js';
import {
  TensorProto_DataType as DataType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../onnx/onnx_pb.js';
import { type Scale, unsupported } from './qdq.js';
import { shapeOf } from './quantize-weights.js';

export type ByteInput = Pick<ModelInput, 'name' | 'side' | 'mean' | 'std'>;

export interface FoldedInput {
  /** The value that the first convolution reads now. */
  readonly value: string;
  readonly scale: Scale;
  readonly means: readonly number[];
  readonly nodes: readonly NodeProto[];
  readonly tensors: readonly TensorProto[];
}

/**
 * Lets the network take a picture as it is, N x side x side x 3 bytes, RGB interleaved: a byte is a quantized value
 * already, so nothing has to be made float, planar and quantized again. (byte / 255 - mean) / std goes into the first
 * convolution. Its padding stands for the byte nearest to the mean then, at most half a step from the zero that it was.
 * Throws MODEL_UNSUPPORTED. Changes the graph in place.
 */
export function foldByteInput(
  graph: GraphProto,
  first: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
  input: ByteInput,
): FoldedInput {
  const zeroPoint = Math.round((255 * (input.mean[0] + input.mean[1] + input.mean[2])) / 3);
  foldInto(first, constants, input, zeroPoint);
  const value = 'picture';
  first.input[0] = value;
  const bytes = `${value}/bytes`;
  declareBytes(graph, input);
  return {
    value,
    scale: { scale: 1, zeroPoint },
    // Of the bytes around the zero point; photographs are grey on average.
    means: [0, 0, 0],
    nodes: [
      makeNode('Transpose', [input.name], [bytes], { perm: [0, 3, 1, 2] }),
      makeNode('DequantizeLinear', [bytes, `${value}/scale`, `${value}/zero`], [`${value}/float`]),
    ],
    tensors: [
      makeTensor(`${value}/scale`, [], Float32Array.of(1)),
      makeTensor(`${value}/zero`, [], Uint8Array.of(zeroPoint)),
    ],
  };
}

/** value = (byte - zero) / (255 std) + (zero - 255 mean) / (255 std): a factor of the weights, and a part of the bias. */
function foldInto(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
  { mean, std }: ByteInput,
  zeroPoint: number,
): void {
  const weights = constants.get(node.input[1] ?? '');
  const bias = constants.get(node.input[2] ?? '');
  const values = weights && readFloats(weights);
  const biases = bias && readFloats(bias);
  if (!(weights && bias && values && biases))
    throw unsupported('does not begin with a convolution with constant float32 weights and biases');
  const { outputs, inputs, taps } = shapeOf(weights);
  for (let output = 0, at = 0; output < outputs; output++) {
    for (let channel = 0; channel < inputs; channel++) {
      const factor = 1 / (255 * (std[channel] ?? 1));
      const offset = (zeroPoint - 255 * (mean[channel] ?? 0)) * factor;
      for (let tap = 0; tap < taps; tap++, at++) {
        const weight = values[at] as number;
        biases[output] = (biases[output] as number) + weight * offset;
        values[at] = weight * factor;
      }
    }
  }
  writeFloats(weights, values);
  writeFloats(bias, biases);
}

function declareBytes(graph: GraphProto, { name, side }: ByteInput): void {
  const type = graph.input.find((value) => value.name === name)?.type?.value;
  if (type?.case !== 'tensorType') return;
  type.value.elemType = DataType.UINT8;
  const sizes = [side, side, 3];
  for (const [at, dimension] of (type.value.shape?.dim ?? []).slice(1).entries())
    dimension.value = { case: 'dimValue', value: BigInt(sizes[at] ?? 0) };
}
