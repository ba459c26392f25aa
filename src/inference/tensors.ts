import type { ModelInput, ModelOutput } from '../models/model.js';
import type { ModelMatte } from './engine-api.js';
import { levelsOf, rangeOf } from './matte-values.js';

/** Pure arithmetic between bytes and tensors. Runs in the workers: these loops take milliseconds each. */

const CHANNELS = 3;

/** Of one channel of the tensor. */
export interface InputTable {
  /** The channel of the picture that goes there: 0 for red. */
  readonly from: number;
  /** What each of the 256 byte values becomes: (byte / 255 - mean) / std. */
  readonly values: Float32Array;
}

export function inputTables({ mean, std, order }: Pick<ModelInput, 'mean' | 'std' | 'order'>): InputTable[] {
  return [0, 1, 2].map((channel) => {
    const offset = mean[channel] ?? 0;
    const scale = std[channel] ?? 1;
    return {
      from: order === 'bgr' ? 2 - channel : channel,
      values: Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - offset) / scale),
    };
  });
}

/** Writes one picture (RGB interleaved bytes) into its place in an N x 3 x side x side tensor. */
export function fillInput(
  tensor: Float32Array,
  index: number,
  rgb: Uint8Array,
  tables: readonly InputTable[],
): void {
  const plane = rgb.length / CHANNELS;
  for (const [channel, table] of tables.entries()) {
    const { values } = table;
    let to = (index * CHANNELS + channel) * plane;
    for (let from = table.from; from < rgb.length; from += CHANNELS)
      tensor[to++] = values[rgb[from] as number] as number;
  }
}

/**
 * Below this largest value the network saw no subject anywhere. Its values are then taken as they are: stretching
 * them to 0..1, as rembg does for every picture, would turn the noise of an empty picture into a subject.
 * Half is where a value says "rather subject than background"; real subjects reach 0.9 and more. In the same way a
 * picture whose smallest value is above it is subject everywhere, and has no background to stretch down to.
 */
export const CONFIDENT = 0.5;

/**
 * Levels of 255 from either end that the network leaves where it is certain. As alpha nobody sees them, but they would
 * keep plain areas from being plain: without them, enlarging a matte to 12 megapixels takes two thirds of the time, and
 * the picture behind a cut-out is gone and not merely faint.
 */
const NOISE = 2.5;

/** How the values of an output are read; see ModelOutput. */
export type OutputReading = Pick<ModelOutput, 'activation' | 'range' | 'normalise'>;

/**
 * One picture's N x 1 x side x side output as bytes. Where that is asked for and the network is confident, its range is
 * stretched to the full 0..1 as in rembg's IS-Net session. Returns undefined where the output has a value that is no
 * number.
 */
export function readMatte(
  output: Float32Array,
  index: number,
  side: number,
  { activation, range: [background, subject] = [0, 1], normalise = 'min-max' }: OutputReading,
): ModelMatte | undefined {
  const size = side * side;
  const raw = output.subarray(index * size, (index + 1) * size);
  const activated = activation === 'sigmoid' ? Float64Array.from(raw, sigmoid) : raw;
  const values =
    background === 0 && subject === 1
      ? activated
      : Float64Array.from(activated, (value) => (value - background) / (subject - background));
  const rawRange = rangeOf(values);
  if (!(Number.isFinite(rawRange.min) && Number.isFinite(rawRange.max))) return undefined;
  const stretch = normalise === 'min-max' && rawRange.max >= CONFIDENT && rawRange.min < CONFIDENT;
  const low = stretch ? rawRange.min : 0;
  const scale = 255 / (stretch ? rawRange.max - rawRange.min : 1);

  const { data, sum } = levelsOf(values, { low, scale, noise: NOISE });
  return { data, side, coverage: sum / (255 * size), rawRange, isStretched: stretch };
}

/**
 * The side of the mattes in a tensor of these dimensions: `count` squares of one channel, whether the dimensions of the
 * batch and the channel are there or not. Undefined where it is anything else.
 */
export function squareSide(dims: readonly number[], count: number): number | undefined {
  const [height, width, ...others] = dims.filter((size) => size !== 1).reverse();
  const pictures = others.reduce((product, size) => product * size, 1);
  return height === width && others.length <= 1 && pictures === count ? height : undefined;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
