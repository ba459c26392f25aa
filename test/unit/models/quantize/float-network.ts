import { TensorProto_DataType as DataType, type ModelProto } from '../../../../src/models/onnx/onnx_pb.js';
import { floats, graphOf, modelOf, node, noise, value } from '../graphs.js';

export const SIDE = 16;

const CONV3 = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };

/**
 * A small float32 network with everything that the quantized ones have: a stem without a rectifier, pooling and
 * enlarging, a join of two scales, an addition, a head with one channel that is enlarged and activated.
 */
export function floatNetwork(): ModelProto {
  const { FLOAT } = DataType;
  return modelOf(
    graphOf({
      nodes: [
        node('Conv', ['input', 'stem', 'stem bias'], ['trunk'], { ...CONV3, strides: [2, 2] }),
        node('Conv', ['trunk', 'wide', 'wide bias'], ['wide sum'], CONV3),
        node('Relu', ['wide sum'], ['fine']),
        node('MaxPool', ['fine'], ['pooled'], { kernel_shape: [2, 2], strides: [2, 2] }),
        node('Conv', ['pooled', 'deep', 'deep bias'], ['deep sum'], CONV3),
        node('Relu', ['deep sum'], ['coarse']),
        node('Resize', ['coarse', '', 'twice'], ['enlarged'], { mode: 'linear' }),
        node('Concat', ['enlarged', 'fine'], ['both'], { axis: 1 }),
        node('Conv', ['both', 'join', 'join bias'], ['joined sum'], CONV3),
        node('Relu', ['joined sum'], ['joined']),
        node('Add', ['joined', 'fine'], ['total']),
        node('Conv', ['total', 'head', 'head bias'], ['logits'], CONV3),
        node('Resize', ['logits', '', 'twice'], ['large'], { mode: 'linear' }),
        node('Sigmoid', ['large'], ['output']),
      ],
      tensors: [
        weights('stem', 8, 3, 21),
        weights('wide', 8, 8, 22),
        weights('deep', 6, 8, 23),
        weights('join', 8, 14, 24),
        weights('head', 1, 8, 25),
        ...[8, 8, 6, 8, 1].map((count, at) =>
          floats(
            `${['stem', 'wide', 'deep', 'join', 'head'][at]} bias`,
            [count],
            [...noise(count, 30 + at)].map((each) => each / 4),
          ),
        ),
        floats('twice', [4], [1, 1, 2, 2]),
      ],
      inputs: [value('input', FLOAT, ['N', 3, SIDE, SIDE])],
      outputs: [value('output', FLOAT, ['N', 1, SIDE, SIDE])],
    }),
  );
}

function weights(name: string, outputs: number, inputs: number, seed: number) {
  const spread = 2 / Math.sqrt(inputs);
  const values = [...noise(outputs * inputs * 9, seed)].map((each) => each * spread);
  return floats(name, [outputs, inputs, 3, 3], values);
}
