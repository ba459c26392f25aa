// Loops over all levels of a matte that ask where it is, as WebAssembly with SIMD. src/image/levels.ts lays out the memory and
// calls them. All pointers are in bytes.

const VECTOR: usize = 16;

/** Adds `count` rows of bytes to the sums of their columns (32 bits). Both have room behind them for the rest of a vector. */
export function addRows(rows: usize, count: u32, width: u32, columns: usize): void {
  for (let x: usize = 0; x < <usize>width; x += VECTOR) {
    const at = columns + (x << 2);
    let first = v128.load(at);
    let second = v128.load(at, VECTOR);
    let third = v128.load(at, 2 * VECTOR);
    let fourth = v128.load(at, 3 * VECTOR);
    for (let row: u32 = 0, from = rows + x; row < count; row++, from += width) {
      const levels = v128.load(from);
      const low = i16x8.extend_low_i8x16_u(levels);
      const high = i16x8.extend_high_i8x16_u(levels);
      first = i32x4.add(first, i32x4.extend_low_i16x8_u(low));
      second = i32x4.add(second, i32x4.extend_high_i16x8_u(low));
      third = i32x4.add(third, i32x4.extend_low_i16x8_u(high));
      fourth = i32x4.add(fourth, i32x4.extend_high_i16x8_u(high));
    }
    v128.store(at, first);
    v128.store(at, second, VECTOR);
    v128.store(at, third, 2 * VECTOR);
    v128.store(at, fourth, 3 * VECTOR);
  }
}

/** Means (64 bits) of `rows` rows in cells, `across` of them beside each other: cell c begins at column c x width / across. */
export function meanCells(columns: usize, rows: u32, width: u32, across: u32, means: usize): void {
  for (let cell: u32 = 0, from: u32 = 0; cell < across; cell++) {
    const to = ((cell + 1) * width + across - 1) / across;
    const pixels = rows * (to - from);
    let sum: u32 = 0;
    for (; from < to; from++) sum += load<u32>(columns + ((<usize>from) << 2));
    store<f64>(means + ((<usize>cell) << 3), <f64>sum / <f64>pixels);
  }
}

/**
 * Writes where the levels of a row that are at least `least` begin and end, in turn, as places that count from `place` on; gives
 * the end of what was written.
 */
export function findRuns(row: usize, width: u32, least: u32, place: u32, runs: usize): usize {
  const leasts = i8x16.splat(<i8>least);
  let next = runs;
  let inside: u32 = 0;
  for (let x: u32 = 0; x < width; x += 16) {
    let set = <u32>i8x16.bitmask(i8x16.ge_u(v128.load(row + x), leasts));
    if (width - x < 16) set &= (1 << (width - x)) - 1;
    let changes = (set ^ ((set << 1) | inside)) & 0xffff;
    for (; changes !== 0; changes &= changes - 1, next += 4) store<u32>(next, place + x + ctz(changes));
    inside = set >>> 15;
  }
  if (inside !== 0) {
    store<u32>(next, place + width);
    next += 4;
  }
  return next;
}
