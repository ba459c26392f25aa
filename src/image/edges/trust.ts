import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import { LINE, TRUST } from './colour-line.js';
import type { Grid } from './grid.js';
import { visitWindows } from './pyramid.js';

/** Separation at which the colours count half. */
const HALF_APART = 10;
/** Mean softness in the wide window above which the model does not know, rather than sees something fine; 0.25 is all grey. */
const MOST_SOFTNESS = 0.06;
/** Mean of what colours and matte differ by, as a share of the mean softness, from which on they mean different things. */
const MOST_BIAS = 1.5;
/** Sums of samples: how many, how soft the matte is, what the colours say beyond the matte, and the squares of that. */
const SUMS = 4;
/** Cells around one that are looked at each way: at close quarters, and widely. */
const REACH = 2;
const WIDE_REACH = 8;
const LITTLE = 1e-6;

/**
 * How far the lines of colour-line.ts are trusted, 0..1, in the place of how far apart the sides are. That is the
 * inverse of the variance of what a line says; at HALF_APART it counts half. A line counts less where it differs more
 * from the matte than a matte that soft can be wrong by: what is there with a probability alpha, wholly or not at
 * all, has the variance alpha (1 - alpha); and where all of it is above or below the matte. And it counts less where
 * the matte is soft all around: colours tell what is fine, not what belongs to the subject.
 */
export function weighLines(
  picture: Picture,
  matte: Matte,
  grid: Grid,
  lines: Float32Array,
  isWanted: Uint8Array,
): void {
  const { columns, rows } = grid;
  const cells = { columns, rows, values: compare(picture, matte, grid, lines, isWanted) };
  visitWindows(cells, SUMS, REACH, isWanted, (sums, x, y) => {
    const at = (y * columns + x) * LINE + TRUST;
    const apart = lines[at] as number;
    const softness = sums[1] as number;
    const likeness = softness / ((sums[3] as number) + LITTLE);
    const fairness = (MOST_BIAS * softness) / (Math.abs(sums[2] as number) + LITTLE);
    lines[at] = (apart / (apart + HALF_APART)) * Math.min(1, likeness) * Math.min(1, fairness);
  });
  visitWindows(cells, SUMS, WIDE_REACH, isWanted, (sums, x, y) => {
    const at = (y * columns + x) * LINE + TRUST;
    const focus = (MOST_SOFTNESS * (sums[0] as number)) / ((sums[1] as number) + LITTLE);
    lines[at] = (lines[at] as number) * Math.min(1, focus);
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
      let differences = 0;
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
          differences += above;
          squares += above * above;
          softness += alpha * (1 - alpha);
        }
      }
      sums[cell * SUMS] = across.perCell * down.perCell;
      sums[cell * SUMS + 1] = softness;
      sums[cell * SUMS + 2] = differences;
      sums[cell * SUMS + 3] = squares;
    }
  }
  return sums;
}
