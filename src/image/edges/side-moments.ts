import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import type { Grid } from './grid.js';

/** Of one side in a cell: its weight, the sums of red, green and blue, and those of their six products. */
export const MOMENTS = 10;
/** Those of the subject, then those of the background. */
export const BOTH_SIDES = 2 * MOMENTS;

/** From this alpha on a pixel counts as subject; below its complement, as background. In between it is a mixture. */
const SURE = 0.75;
/** Weight of every level: a whole one from nearly opaque on. */
const WEIGHTS = Float32Array.from({ length: 256 }, (_, level) =>
  Math.min(1, Math.max(0, (level / 255 - SURE) / (0.97 - SURE))),
);

/**
 * What the surely opaque and the surely transparent pixels of every cell look like; interleaved, BOTH_SIDES a
 * cell. Of cells that are not near an edge only one sample is looked at, and stands for all.
 */
export function sideMoments(picture: Picture, matte: Matte, grid: Grid, isNear: Uint8Array): Float32Array {
  const { width } = picture;
  const { columns, rows, across, down } = grid;
  const sums = new Float32Array(columns * rows * BOTH_SIDES);
  for (let row = 0, cell = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, cell++) {
      if (isNear[cell] === 0) {
        const x = across.places[column * across.perCell + (across.perCell >> 1)] as number;
        const y = down.places[row * down.perCell + (down.perCell >> 1)] as number;
        addPixel(sums, cell * BOTH_SIDES, picture, matte, y * width + x, across.perCell * down.perCell);
        continue;
      }
      for (let j = row * down.perCell, lastJ = j + down.perCell; j < lastJ; j++) {
        const line = (down.places[j] as number) * width;
        for (let i = column * across.perCell, lastI = i + across.perCell; i < lastI; i++)
          addPixel(sums, cell * BOTH_SIDES, picture, matte, line + (across.places[i] as number), 1);
      }
    }
  }
  return sums;
}

function addPixel(
  sums: Float32Array,
  cell: number,
  { data, channels }: Picture,
  matte: Matte,
  place: number,
  count: number,
): void {
  const level = matte.data[place] as number;
  const ours = WEIGHTS[level] as number;
  const weight = count * (ours > 0 ? ours : (WEIGHTS[255 - level] as number));
  const pixel = place * channels;
  if (weight === 0 || (channels === 4 && data[pixel + 3] !== 255)) return;
  const at = ours > 0 ? cell : cell + MOMENTS;
  const red = data[pixel] as number;
  const green = data[pixel + 1] as number;
  const blue = data[pixel + 2] as number;
  const r = weight * red;
  const g = weight * green;
  const b = weight * blue;
  sums[at] = (sums[at] as number) + weight;
  sums[at + 1] = (sums[at + 1] as number) + r;
  sums[at + 2] = (sums[at + 2] as number) + g;
  sums[at + 3] = (sums[at + 3] as number) + b;
  sums[at + 4] = (sums[at + 4] as number) + r * red;
  sums[at + 5] = (sums[at + 5] as number) + r * green;
  sums[at + 6] = (sums[at + 6] as number) + r * blue;
  sums[at + 7] = (sums[at + 7] as number) + g * green;
  sums[at + 8] = (sums[at + 8] as number) + g * blue;
  sums[at + 9] = (sums[at + 9] as number) + b * blue;
}
