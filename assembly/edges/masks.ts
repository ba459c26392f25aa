// Which cells are looked at: a byte for each, 1 or 0. In the masks of all cells rows are `stride` bytes apart, which is a
// multiple of a vector.
import { columns, levels, levelsStride, perCell, places } from './samples';

/** Levels from which on, and up to which, a pixel is a mixture. */
const SOFT_FROM: u8 = 6;
const SOFT_TO: u8 = 249;

/** Sets the cells of a row that have something of an edge. The rows of levels are used up. */
export function edgeRow(mask: usize, width: i32): void {
  const highest = levels + <usize>perCell * levelsStride;
  for (let x: usize = 0; x < <usize>width; x += 16) {
    let low = v128.load(levels + x);
    let high = low;
    for (let row = 1; row < perCell; row++) {
      const values = v128.load(levels + <usize>row * levelsStride + x);
      low = i8x16.min_u(low, values);
      high = i8x16.max_u(high, values);
    }
    v128.store(levels + x, low);
    v128.store(highest + x, high);
  }
  let place = places;
  for (let column = 0; column < columns; column++) {
    let low: u8 = 255;
    let high: u8 = 0;
    for (let sample = 0; sample < perCell; sample++, place += 4) {
      const x = <usize>load<u32>(place);
      low = min(low, load<u8>(levels + x));
      high = max(high, load<u8>(highest + x));
    }
    store<u8>(mask + column, <u8>(high >= SOFT_FROM && low <= SOFT_TO));
  }
}

/**
 * Sets in `to` the cells that are at most `reach` from one of the mask, along both sides. `between` has room for a row, with a
 * vector of zeros on each side.
 */
export function dilate(mask: usize, to: usize, stride: usize, rows: i32, reach: i32, between: usize): void {
  for (let y = 0; y < rows; y++) {
    const top = mask + <usize>max(0, y - reach) * stride;
    const bottom = mask + <usize>min(rows - 1, y + reach) * stride;
    for (let x: usize = 0; x < stride; x += 16) {
      let any = v128.load(top + x);
      for (let row = top + stride; row <= bottom; row += stride) any = v128.or(any, v128.load(row + x));
      v128.store(between + x, any);
    }
    const row = to + <usize>y * stride;
    for (let x: usize = 0; x < stride; x += 16) {
      let any = v128.load(between + x);
      for (let shift = 1; shift <= reach; shift++) {
        any = v128.or(any, v128.or(v128.load(between + x - shift), v128.load(between + x + shift)));
      }
      v128.store(row + x, any);
    }
  }
}

/** Sets the cells of twice the side that are needed to know the wanted ones between the middles of theirs. */
export function coarserMask(mask: usize, stride: usize, columnCount: i32, rows: i32, to: usize): void {
  const across = (columnCount + 1) >> 1;
  const down = (rows + 1) >> 1;
  memory.fill(to, 0, across * down);
  for (let y = 0; y < rows; y++) {
    const row = mask + <usize>y * stride;
    const upper = to + <usize>(max(0, (y - 1) >> 1) * across);
    const lower = to + <usize>(min(down - 1, ((y - 1) >> 1) + 1) * across);
    for (let x = nextSet(row, 0, columnCount); x < columnCount; x = nextSet(row, x + 1, columnCount)) {
      const left = max(0, (x - 1) >> 1);
      const right = min(across - 1, ((x - 1) >> 1) + 1);
      store<u8>(upper + left, 1);
      store<u8>(upper + right, 1);
      store<u8>(lower + left, 1);
      store<u8>(lower + right, 1);
    }
  }
}

/** How many cells of a row are set. */
export function countSet(row: usize, count: i32): i32 {
  let set = 0;
  for (let x = 0; x < count; x++) set += load<u8>(row + x);
  return set;
}

/** The first cell of a row from `at` on that is set, or `end`. */
export function nextSet(row: usize, at: i32, end: i32): i32 {
  let x = at;
  while (x + 16 <= end && !v128.any_true(v128.load(row + x))) x += 16;
  while (x < end && load<u8>(row + x) === 0) x++;
  return x;
}

/** The first one that is not, or `end`. */
export function nextClear(row: usize, at: i32, end: i32): i32 {
  let x = at;
  while (x < end && load<u8>(row + x) !== 0) x++;
  return x;
}
