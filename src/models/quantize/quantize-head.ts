import { makeNode, makeTensor, readFloats } from '../graph/build.js';
import type { NodeProto, TensorProto } from '../onnx/onnx_pb.js';
import { type ConvolutionParts, quantizeAndBack, quantizeConvolution, type Scale } from './qdq.js';
import { shapeOf } from './quantize-weights.js';

/** Beyond this a logit is as good as certain: the sigmoid of 8 is 0.9997, which no 8-bit alpha tells from 1. */
const CERTAIN = 8;
/** Bands of the logits, each with 256 steps of its own: together they are finer than a step of an 8-bit alpha. */
const BANDS = 4;

/**
 * The last convolution, whose one channel of logits needs more than 256 steps: kept float it costs as much as the
 * largest convolutions, since every channel it reads has to become float first. Here it has a channel for each band of
 * the logits. Quantizing clips channel k to its band, and the clipped bands add up to the clipped logit:
 * clip(x, -8, 8) = -8 + sum over k of clip(x - low(k), 0, width).
 */
export function quantizeHead(
  node: NodeProto,
  input: Pick<ConvolutionParts, 'input' | 'inputScale' | 'inputMeans'>,
  { weights, bias }: Pick<ConvolutionParts, 'weights' | 'bias'>,
): { nodes: NodeProto[]; tensors: TensorProto[] } {
  const [logits = ''] = node.output;
  const width = (2 * CERTAIN) / BANDS;
  const row = readFloats(weights) ?? new Float32Array();
  const { inputs } = shapeOf(weights);
  const rows = new Float32Array(BANDS * row.length);
  const biases = new Float32Array(BANDS);
  for (let band = 0; band < BANDS; band++) {
    rows.set(row, band * row.length);
    biases[band] = (bias[0] ?? 0) + CERTAIN - band * width;
  }
  const bands = `${logits}/bands`;
  const banded = makeNode('Conv', [], [bands]);
  banded.attribute = node.attribute;
  const kernel = weights.dims.slice(2).map(Number);
  const convolution = quantizeConvolution(banded, {
    ...input,
    weights: makeTensor(`${bands}/float-weights`, [BANDS, inputs, ...kernel], rows),
    bias: biases,
  });
  const bandScale: Scale = { scale: Math.fround(width / 255), zeroPoint: 0 };
  const ends = quantizeAndBack(bands, bandScale);
  const sum = `${logits}/sum`;
  const offset = `${logits}/offset`;
  const axes = `${logits}/axes`;
  return {
    nodes: [
      ...convolution.nodes,
      ...ends.nodes,
      makeNode('ReduceSum', [`${bands}/float`, axes], [sum], { keepdims: 1 }),
      makeNode('Add', [sum, offset], [logits]),
    ],
    tensors: [
      ...convolution.tensors,
      ...ends.tensors,
      makeTensor(axes, [1], BigInt64Array.of(1n)),
      makeTensor(offset, [], Float32Array.of(-CERTAIN)),
    ],
  };
}
