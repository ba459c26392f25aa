import type { ModelInput, ModelOutput } from '../models/model.js';
import type { ModelMatte } from './engine-api.js';

/** Pure arithmetic between bytes and tensors. Runs in the workers: these loops take milliseconds each. */

const CHANNELS = 3;

/** Per channel, what each of the 256 byte values becomes: (byte / 255 - mean) / std. */
export function inputTables({ mean, std }: Pick<ModelInput, 'mean' | 'std'>): Float32Array[] {
  return [0, 1, 2].map((channel) => {
    const offset = mean[channel] ?? 0;
    const scale = std[channel] ?? 1;
    return Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - offset) / scale);
  });
}

/** Writes one picture (RGB interleaved bytes) into its place in an N x 3 x side x side tensor. */
export function fillInput(
  tensor: Float32Array,
  index: number,
  rgb: Uint8Array,
  tables: Float32Array[],
): void {
  const plane = rgb.length / CHANNELS;
  for (const [channel, table] of tables.entries()) {
    let to = (index * CHANNELS + channel) * plane;
    for (let from = channel; from < rgb.length; from += CHANNELS)
      tensor[to++] = table[rgb[from] as number] as number;
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

/**
 * One picture's N x 1 x side x side output as bytes. Where the network is confident, its range is stretched to the
 * full 0..1 as in rembg's IS-Net session. Returns undefined where the output has a value that is no number.
 */
export function readMatte(
  output: Float32Array,
  index: number,
  side: number,
  activation: ModelOutput['activation'],
): ModelMatte | undefined {
  const size = side * side;
  const raw = output.subarray(index * size, (index + 1) * size);
  const values = activation === 'sigmoid' ? Float64Array.from(raw, sigmoid) : raw;
  const rawRange = rangeOf(values);
  if (!(Number.isFinite(rawRange.min) && Number.isFinite(rawRange.max))) return undefined;
  const stretch = rawRange.max >= CONFIDENT && rawRange.min < CONFIDENT;
  const low = stretch ? rawRange.min : 0;
  const scale = 255 / (stretch ? rawRange.max - rawRange.min : 1);

  const data = new Uint8Array(size);
  let sum = 0;
  // Kept bare, here and in rangeOf: a call or a Math.round for each of a million pixels takes several times as long.
  for (let at = 0; at < size; at++) {
    const level = ((values[at] as number) - low) * scale;
    const byte = level < NOISE ? 0 : level > 255 - NOISE ? 255 : (level + 0.5) | 0;
    data[at] = byte;
    sum += byte;
  }
  return { data, side, coverage: sum / (255 * size), rawRange };
}

/** Smallest and largest value; NaN for both where any value is NaN. */
function rangeOf(values: Float32Array | Float64Array): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  // A NaN makes the sum NaN, and is neither smaller nor larger than anything.
  let sum = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  return Number.isNaN(sum) ? { min: Number.NaN, max: Number.NaN } : { min, max };
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
