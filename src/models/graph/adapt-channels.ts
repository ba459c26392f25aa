import { ClearcutError } from '../../errors.js';
import {
  TensorProto_DataType as DataType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../onnx/onnx_pb.js';
import { makeTensor, readFloats } from './build.js';
import { constantsOf } from './constants.js';
import { floatsToHalves, halvesOf, halvesToFloats } from './float16.js';

/** By channel of a convolution: what its results are multiplied by, and what is added to them then. */
interface Channels {
  readonly gain: readonly number[];
  readonly shift: readonly number[];
}

/** By the value that the convolution makes (see nameValues). */
export type ChannelsByValue = ReadonlyMap<string, Channels>;

/**
 * Multiplies and moves the channels of the convolutions by putting it into their weights and biases, so that it takes no
 * time. Throws MODEL_UNSUPPORTED where the table is of another network. Changes the graph in place.
 */
export function adaptChannels(graph: GraphProto, table: ChannelsByValue): void {
  const constants = constantsOf(graph);
  const convolutions = new Map(
    graph.node.filter(({ opType }) => opType === 'Conv').map((node) => [node.output[0] ?? '', node] as const),
  );
  for (const [value, channels] of table) {
    const node = convolutions.get(value);
    if (node === undefined) throw unsupported(`has no convolution "${value}"`);
    adapt(value, node, channels);
  }

  function adapt(value: string, node: NodeProto, { gain, shift }: Channels): void {
    const weights = constants.get(node.input[1] ?? '');
    const numbers = weights && readNumbers(weights);
    if (weights === undefined || numbers === undefined)
      throw unsupported(`has a convolution "${value}" without constant weights`);
    const count = Number(weights.dims[0]);
    if (gain.length !== count || shift.length !== count)
      throw unsupported(`has ${count} channels of "${value}", and the table ${gain.length}`);
    const bias = constants.get(node.input[2] ?? '');
    const biases = (bias && readNumbers(bias)) ?? new Float32Array(count);
    const row = numbers.length / count;
    const scaled = numbers.map((weight, at) => weight * (gain[Math.floor(at / row)] as number));
    const moved = biases.map(
      (each, channel) => each * (gain[channel] as number) + (shift[channel] as number),
    );
    // Tensors of their own: another convolution may read the old ones.
    const names = { weights: `${value}/adapted weights`, bias: `${value}/adapted bias` };
    const dims = weights.dims.map(Number);
    graph.initializer.push(
      tensorLike(weights, names.weights, dims, scaled),
      tensorLike(weights, names.bias, [count], moved),
    );
    node.input = [node.input[0] ?? '', names.weights, names.bias];
  }
}

/** The numbers of a float32 or float16 tensor. */
function readNumbers(tensor: TensorProto): Float32Array | undefined {
  if (tensor.dataType !== DataType.FLOAT16) return readFloats(tensor);
  const bytes = halvesToFloats(halvesOf(tensor));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** A tensor with these numbers in the type of another. */
function tensorLike({ dataType }: TensorProto, name: string, dims: readonly number[], numbers: Float32Array) {
  const tensor = makeTensor(name, dims, numbers);
  if (dataType !== DataType.FLOAT16) return tensor;
  tensor.dataType = dataType;
  tensor.rawData = floatsToHalves(numbers);
  return tensor;
}

function unsupported(what: string): ClearcutError {
  return new ClearcutError('MODEL_UNSUPPORTED', `The network is not the adaptation table's: it ${what}.`);
}
