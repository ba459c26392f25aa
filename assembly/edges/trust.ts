// How far the lines are trusted.
import { LINE_BYTES } from './lines';
import {
  channels,
  colourAt,
  columns,
  levels,
  levelsStride,
  perCell,
  pixels,
  pixelsStride,
  places,
  total,
} from './samples';

/** Sums of samples: how many, how soft the matte is, what the colours say beyond the matte, and the squares of that. */
const SUMS_BYTES: usize = 16;
/** Cells around one that are looked at each way: at close quarters, and widely. */
const REACH: i32 = 2;
const WIDE_REACH: i32 = 8;
/** Rows of sums that are kept: those of the wide window. */
const HELD: i32 = 2 * WIDE_REACH + 1;
/** Separation at which the colours count half. */
const HALF_APART: f32 = 10;
/** Mean softness in the wide window above which the model does not know, rather than sees something fine; 0.25 is all grey. */
const MOST_SOFTNESS: f32 = 0.06;
/** Mean of what colours and matte differ by, as a share of the mean softness, from which on they mean different things. */
const MOST_BIAS: f32 = 1.5;
const LITTLE: f32 = 1e-6;

/** Holds the lines of the wanted cells of row y against the matte. Of others there is nothing. */
export function compareRow(lines: usize, wanted: usize, y: i32, compared: usize): void {
  const row = rowOf(compared, y);
  const count = <f32>(perCell * perCell);
  for (let column = 0; column < columns; column++) {
    const to = row + <usize>column * SUMS_BYTES;
    if (load<u8>(wanted + column) === 0) {
      v128.store(to, f32x4.splat(0));
      continue;
    }
    const line = v128.load(lines + <usize>column * LINE_BYTES);
    // Four times the same, as the sum of products is there four times.
    let differences = f32x4.splat(0);
    let squares = differences;
    let softness = 0;
    for (let sample = column * perCell, last = sample + perCell; sample < last; sample++) {
      const x = load<u32>(places + ((<usize>sample) << 2));
      let mask = levels + <usize>x;
      let pixel = pixels + <usize>(x * channels);
      for (let j = 0; j < perCell; j++, mask += levelsStride, pixel += pixelsStride) {
        const level = <i32>load<u8>(mask);
        const seen = total(f32x4.mul(line, colourAt(pixel)));
        const held = f32x4.pmin(f32x4.pmax(seen, f32x4.splat(0)), f32x4.splat(1));
        const above = f32x4.sub(held, f32x4.splat(<f32>level / 255));
        differences = f32x4.add(differences, above);
        squares = f32x4.add(squares, f32x4.mul(above, above));
        softness += level * (255 - level);
      }
    }
    store<f32>(to, count);
    store<f32>(to, <f32>softness / (255 * 255), 4);
    store<f32>(to, f32x4.extract_lane(differences, 0), 8);
    store<f32>(to, f32x4.extract_lane(squares, 0), 12);
  }
}

/**
 * Puts how far the lines of the wanted cells of row y are trusted, 0..1, in the place of how far apart the sides are. That is
 * the inverse of the variance of what a line says; at HALF_APART it counts half. A line counts less where it differs more
 * from the matte than a matte that soft can be wrong by: what is there with a probability alpha, wholly or not at
 * all, has the variance alpha (1 - alpha); and where all of it is above or below the matte. And it counts less where
 * the matte is soft all around: colours tell what is fine, not what belongs to the subject. `line` has room for two rows
 * of sums.
 */
export function weighRow(lines: usize, wanted: usize, y: i32, rows: i32, compared: usize, line: usize): void {
  const wideLine = line + <usize>columns * SUMS_BYTES;
  let done = 0;
  let wideDone = 0;
  for (let x = 0; x < columns; x++) {
    if (load<u8>(wanted + x) === 0) continue;
    const right = min(columns, x + REACH + 1);
    const wideRight = min(columns, x + WIDE_REACH + 1);
    sumColumns(compared, y, rows, REACH, max(done, x - REACH), right, line);
    sumColumns(compared, y, rows, WIDE_REACH, max(wideDone, x - WIDE_REACH), wideRight, wideLine);
    done = right;
    wideDone = wideRight;
    const close = sumLine(line, max(0, x - REACH), right);
    const wide = sumLine(wideLine, max(0, x - WIDE_REACH), wideRight);
    const softness = f32x4.extract_lane(close, 1);
    const likeness = softness / (f32x4.extract_lane(close, 3) + LITTLE);
    const fairness = (MOST_BIAS * softness) / (abs(f32x4.extract_lane(close, 2)) + LITTLE);
    const focus = (MOST_SOFTNESS * f32x4.extract_lane(wide, 0)) / (f32x4.extract_lane(wide, 1) + LITTLE);
    const at = lines + <usize>x * LINE_BYTES;
    const apart = load<f32>(at, 16);
    const trust = (apart / (apart + HALF_APART)) * min(1, likeness) * min(1, fairness) * min(1, focus);
    store<f32>(at, trust, 16);
  }
}

/** The sums of columns `from` to before `to`, over the rows that a window around row y reaches. */
function sumColumns(compared: usize, y: i32, rows: i32, reach: i32, from: i32, to: i32, line: usize): void {
  const top = max(0, y - reach);
  const bottom = min(rows - 1, y + reach);
  for (let column = max(0, from); column < to; column++) {
    const offset = <usize>column * SUMS_BYTES;
    let sum = f32x4.splat(0);
    for (let row = top; row <= bottom; row++) sum = f32x4.add(sum, v128.load(rowOf(compared, row) + offset));
    v128.store(line + offset, sum);
  }
}

function sumLine(line: usize, from: i32, to: i32): v128 {
  let sum = f32x4.splat(0);
  const end = line + <usize>to * SUMS_BYTES;
  for (let at = line + <usize>from * SUMS_BYTES; at < end; at += SUMS_BYTES)
    sum = f32x4.add(sum, v128.load(at));
  return sum;
}

function rowOf(compared: usize, y: i32): usize {
  return compared + <usize>((y % HELD) * columns) * SUMS_BYTES;
}
