import { toBinary } from '@bufbuild/protobuf';
import {
  TensorProto_DataType as DataType,
  type ModelProto,
  ModelProtoSchema,
} from '../../../src/models/onnx/onnx_pb.js';
import { cast, graphOf, halves, int64s, modelOf, node, noise, value } from './graphs.js';

export const NETWORK_SIDE = 16;

/**
 * A small network of the kind that the catalogue's weights are: float16 inside, float32 outside, a trunk that halves
 * the picture, an interpolation back to a constant size, a side output that nobody needs. Different seeds give
 * different weights.
 */
export function network(seed = 1): ModelProto {
  const { FLOAT, FLOAT16 } = DataType;
  return modelOf(
    graphOf({
      nodes: [
        cast('input', 'input half', FLOAT16),
        node('Conv', ['input half', 'stem', 'stem bias'], ['trunk'], {
          kernel_shape: [3, 3],
          strides: [2, 2],
          pads: [1, 1, 1, 1],
        }),
        node('Relu', ['trunk'], ['features']),
        node('Conv', ['features', 'side head'], ['side half'], { kernel_shape: [1, 1] }),
        cast('side half', 'side', FLOAT),
        node('Conv', ['features', 'head'], ['small'], { kernel_shape: [1, 1] }),
        node('Shape', ['small'], ['shape']),
        node('Slice', ['shape', 'start', 'end', 'axis'], ['batch and channels']),
        node('Concat', ['batch and channels', 'height and width'], ['sizes'], { axis: 0 }),
        node('Resize', ['small', '', '', 'sizes'], ['large'], { mode: 'linear' }),
        node('Sigmoid', ['large'], ['matte']),
        cast('matte', 'output', FLOAT),
      ],
      tensors: [
        halves('stem', [4, 3, 3, 3], halfNoise(108, seed)),
        halves('stem bias', [4], halfNoise(4, seed + 1), 'int32_data'),
        halves('side head', [1, 4, 1, 1], halfNoise(4, seed + 2)),
        halves('head', [1, 4, 1, 1], halfNoise(4, seed + 3)),
        int64s('start', [0]),
        int64s('end', [2]),
        int64s('axis', [0]),
        int64s('height and width', [NETWORK_SIDE, NETWORK_SIDE]),
      ],
      inputs: [value('input', FLOAT, [1, 3, NETWORK_SIDE, NETWORK_SIDE])],
      outputs: [
        value('output', FLOAT, [1, 1, NETWORK_SIDE, NETWORK_SIDE]),
        value('side', FLOAT, [1, 1, NETWORK_SIDE / 2, NETWORK_SIDE / 2]),
      ],
      inner: ['trunk', 'features', 'side half', 'small', 'large', 'matte'].map((name) =>
        value(name, FLOAT16, ['n', 'c', 'h', 'w']),
      ),
    }),
  );
}

/** The network as the file that a source would publish. */
export function networkBytes(seed?: number): Buffer {
  return Buffer.from(toBinary(ModelProtoSchema, network(seed)));
}

/** Numbers that are halves exactly: multiples of 1/256. */
function halfNoise(count: number, seed: number): number[] {
  return Array.from(noise(count, seed), (each) => Math.round(each * 512) / 256);
}
