import type { TensorProto } from '../onnx/onnx_pb.js';

export interface QuantizedWeights {
  readonly values: Int8Array;
  /** For each output channel. */
  readonly scales: Float32Array;
  /** What rounding took from the weights: value - scale x step, in the order of the weights. */
  readonly errors: Float32Array;
}

/** Smaller weights make no difference to anything. */
const SMALLEST = 1e-30;

/** Parts of the largest weight that are tried as the end of the scale: clipping a lone one can help all others. */
const CLIPS = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7];

/**
 * The largest step: seven bits. Processors with AVX2 and without VNNI add two products of a uint8 and an int8 in 16
 * bits, which eight bits overflow and seven never do (255 x 63 x 2 < 2^15). Measured against float32, the mattes of
 * seven bits are as near as those of eight bits where nothing overflows; so every processor gets the same network.
 */
const LIMIT = 63;

/**
 * Symmetric int8 with a scale for each output channel (a row of `rowLength` weights): the one of a few that loses
 * least in the mean square.
 */
export function quantizeWeights(weights: Float32Array, rowLength: number): QuantizedWeights {
  const rows = weights.length / rowLength;
  const values = new Int8Array(weights.length);
  const scales = new Float32Array(rows);
  const errors = new Float32Array(weights.length);
  for (let row = 0; row < rows; row++) {
    const from = row * rowLength;
    const part = weights.subarray(from, from + rowLength);
    const scale = bestScale(part);
    scales[row] = scale;
    for (const [at, weight] of part.entries()) {
      const step = stepOf(weight, scale);
      values[from + at] = step;
      errors[from + at] = weight - step * scale;
    }
  }
  return { values, scales, errors };
}

function bestScale(weights: Float32Array): number {
  const largest = largestOf(weights);
  // A row of zeros has any scale; so has one whose scale would be too small for a float.
  const widest = (largest < SMALLEST ? 1 : largest) / LIMIT;
  let best = widest;
  let least = Number.POSITIVE_INFINITY;
  for (const clip of CLIPS) {
    const scale = widest * clip;
    let loss = 0;
    for (const weight of weights) loss += (weight - stepOf(weight, scale) * scale) ** 2;
    if (loss < least) {
      least = loss;
      best = scale;
    }
  }
  return Math.fround(best);
}

function stepOf(weight: number, scale: number): number {
  return Math.max(-LIMIT, Math.min(LIMIT, Math.round(weight / scale)));
}

/** Weights are output channels x input channels x taps of the kernel. */
export function shapeOf(weights: TensorProto): { outputs: number; inputs: number; taps: number } {
  const [outputs = 0, inputs = 0, ...kernel] = weights.dims.map(Number);
  return { outputs, inputs, taps: kernel.reduce((product, size) => product * size, 1) };
}

function largestOf(values: Float32Array): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  return largest;
}
