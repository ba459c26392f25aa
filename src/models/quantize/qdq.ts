import { ClearcutError } from '../../errors.js';
import { makeNode, makeTensor, readFloats } from '../graph/build.js';
import type { NodeProto, TensorProto } from '../onnx/onnx_pb.js';
import { quantizeWeights, shapeOf } from './quantize-weights.js';

/** How the bytes of a value stand for numbers: (byte - zeroPoint) x scale. */
export interface Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** The scale that spreads `low`..`high` over 0..255 so that zero is a whole step. */
export function scaleOf(low: number, high: number): Scale {
  const span = high - low;
  // A value that is always zero has any scale.
  const scale = Math.fround((span > 0 ? span : 1) / 255);
  return { scale, zeroPoint: Math.max(0, Math.min(255, Math.round(-low / scale))) };
}

export interface Parts {
  readonly nodes: NodeProto[];
  readonly tensors: TensorProto[];
}

/** The two nodes behind a value: to bytes, and to `<value>/float` for those who read it. */
export function quantizeAndBack(value: string, { scale, zeroPoint }: Scale): Parts {
  const names = { scale: `${value}/scale`, zero: `${value}/zero` };
  return {
    nodes: [
      makeNode('QuantizeLinear', [value, names.scale, names.zero], [`${value}/bytes`]),
      makeNode('DequantizeLinear', [`${value}/bytes`, names.scale, names.zero], [`${value}/float`]),
    ],
    tensors: [
      makeTensor(names.scale, [], Float32Array.of(scale)),
      makeTensor(names.zero, [], Uint8Array.of(zeroPoint)),
    ],
  };
}

export interface ConvolutionParts {
  readonly weights: TensorProto;
  readonly bias: Float32Array;
  /** The dequantized value it reads. */
  readonly input: string;
  readonly inputScale: Scale;
  /** Of the input's channels. */
  readonly inputMeans: readonly number[];
}

/**
 * The same convolution with int8 weights and int32 biases. What rounding the weights shifts the mean of each output
 * channel by is taken off its bias ("bias correction", Nagel et al. 2019).
 */
export function quantizeConvolution(node: NodeProto, parts: ConvolutionParts): Parts {
  const { weights, bias, input, inputScale, inputMeans } = parts;
  const floats = readFloats(weights);
  if (floats === undefined) throw unsupported(`has weights "${weights.name}" that are not float32`);
  const { outputs, inputs, taps } = shapeOf(weights);
  const { values, scales, errors } = quantizeWeights(floats, inputs * taps);
  const steps = new Int32Array(outputs);
  const biasScales = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    let shift = 0;
    for (let channel = 0; channel < inputs; channel++) {
      const from = (output * inputs + channel) * taps;
      for (let tap = 0; tap < taps; tap++)
        shift += (errors[from + tap] as number) * (inputMeans[channel] ?? 0);
    }
    const scale = Math.fround((scales[output] as number) * inputScale.scale);
    biasScales[output] = scale;
    steps[output] = Math.round(((bias[output] as number) + shift) / scale);
  }
  const [value = ''] = node.output;
  const name = (what: string) => `${value}/${what}`;
  const convolution = makeNode('Conv', [input, name('weights/float'), name('bias/float')], [value]);
  convolution.attribute = node.attribute;
  return {
    nodes: [
      makeNode(
        'DequantizeLinear',
        [name('weights'), name('weights/scales'), name('weights/zeros')],
        [name('weights/float')],
        { axis: 0 },
      ),
      makeNode(
        'DequantizeLinear',
        [name('bias'), name('bias/scales'), name('bias/zeros')],
        [name('bias/float')],
        { axis: 0 },
      ),
      convolution,
    ],
    tensors: [
      makeTensor(name('weights'), weights.dims.map(Number), values),
      makeTensor(name('weights/scales'), [outputs], scales),
      makeTensor(name('weights/zeros'), [outputs], new Int8Array(outputs)),
      makeTensor(name('bias'), [outputs], steps),
      makeTensor(name('bias/scales'), [outputs], biasScales),
      makeTensor(name('bias/zeros'), [outputs], new Int32Array(outputs)),
    ],
  };
}

export function unsupported(what: string): ClearcutError {
  return new ClearcutError('MODEL_UNSUPPORTED', `The model cannot be quantized: it ${what}.`);
}
