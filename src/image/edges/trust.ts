import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import { LINE } from './colour-line.js';
import type { Grid } from './grid.js';
import { visitWindows } from './pyramid.js';

/** Separation at which the colours count half. */
const HALF_APART = 10;
/** Sums around a cell: the squares of what colours and matte differ by, and how soft the matte is. */
const SUMS = 2;
/** Cells around one that are looked at, each way. */
const REACH = 2;
const LITTLE = 1e-6;

/**
 * How far the lines of colour-line.ts are trusted, 0..1, in the place of how far apart the sides are. That is the
 * inverse of the variance of what a line says; at HALF_APART it counts half. A line counts less where it differs more
 * from the matte than a matte that soft can be wrong by: what is there with a probability alpha, wholly or not at
 * all, has the variance alpha (1 - alpha).
 */
export function weighLines(
  picture: Picture,
  matte: Matte,
  grid: Grid,
  lines: Float32Array,
  isWanted: Uint8Array,
): void {
  const { columns, rows } = grid;
  const values = compare(picture, matte, grid, lines, isWanted);
  visitWindows({ columns, rows, values }, SUMS, REACH, isWanted, (sums, x, y) => {
    const at = (y * columns + x) * LINE + 4;
    const apart = lines[at] as number;
    const squares = sums[0] as number;
    const softness = sums[1] as number;
    lines[at] = (apart / (apart + HALF_APART)) * Math.min(1, softness / (squares + LITTLE));
  });
}

function compare(
  picture: Picture,
  matte: Matte,
  grid: Grid,
  lines: Float32Array,
  isWanted: Uint8Array,
): Float32Array {
  const { columns, rows, across, down } = grid;
  const { data, channels, width } = picture;
  const sums = new Float32Array(columns * rows * SUMS);
  for (let row = 0, cell = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, cell++) {
      if (isWanted[cell] === 0) continue;
      const line = cell * LINE;
      const red = lines[line] as number;
      const green = lines[line + 1] as number;
      const blue = lines[line + 2] as number;
      const offset = lines[line + 3] as number;
      let squares = 0;
      let softness = 0;
      for (let j = row * down.perCell, lastJ = j + down.perCell; j < lastJ; j++) {
        const start = (down.places[j] as number) * width;
        for (let i = column * across.perCell, lastI = i + across.perCell; i < lastI; i++) {
          const place = start + (across.places[i] as number);
          const at = place * channels;
          const seen =
            red * (data[at] as number) +
            green * (data[at + 1] as number) +
            blue * (data[at + 2] as number) +
            offset;
          const alpha = (matte.data[place] as number) / 255;
          const above = Math.min(Math.max(0, seen), 1) - alpha;
          squares += above * above;
          softness += alpha * (1 - alpha);
        }
      }
      sums[cell * SUMS] = squares;
      sums[cell * SUMS + 1] = softness;
    }
  }
  return sums;
}
