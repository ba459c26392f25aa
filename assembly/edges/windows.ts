// The moments around cells.
import { MOMENTS_BYTES } from './moments';

/** Cells that a window reaches each way. */
const REACH: i32 = 2;
/** How many samples the colours of the next coarser level count as much as. */
const PRIOR: f32 = 12;
/** Keeps a side that is nowhere from a division by nothing. */
const LITTLE: f32 = 1e-6;

/**
 * The sums over windows around the wanted cells of row y, at their places in the row `to`. Beyond the border there is nothing.
 * Cells lie one after another from `cells` on, or where `index` says if that is not 0. Unless `wider` is 0, it has the same for
 * cells of twice the side, which say what these say too little about. `line` has room for a row.
 */
export function sumRow(
  cells: usize,
  index: usize,
  columns: i32,
  rows: i32,
  y: i32,
  wanted: usize,
  line: usize,
  wider: usize,
  to: usize,
): void {
  const top = max(0, y - REACH);
  const bottom = min(rows - 1, y + REACH);
  // Where the sums of columns are done up to.
  let done = 0;
  for (let x = 0; x < columns; x++) {
    if (load<u8>(wanted + x) === 0) continue;
    const left = max(0, x - REACH);
    const right = min(columns, x + REACH + 1);
    for (let column = max(done, left); column < right; column++) {
      sumColumn(cells, index, columns, column, top, bottom, line + <usize>column * MOMENTS_BYTES);
    }
    done = right;
    const sums = to + <usize>x * MOMENTS_BYTES;
    sumLine(line + <usize>left * MOMENTS_BYTES, line + <usize>right * MOMENTS_BYTES, sums);
    if (wider !== 0) addPrior(wider, (columns + 1) >> 1, (rows + 1) >> 1, x, y, sums);
  }
}

function sumColumn(
  cells: usize,
  index: usize,
  columns: i32,
  column: i32,
  top: i32,
  bottom: i32,
  to: usize,
): void {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let e = a;
  for (let row = top; row <= bottom; row++) {
    const cell = <usize>(row * columns + column);
    const at = index === 0 ? cells + cell * MOMENTS_BYTES : <usize>load<u32>(index + (cell << 2));
    a = f32x4.add(a, v128.load(at));
    b = f32x4.add(b, v128.load(at, 16));
    c = f32x4.add(c, v128.load(at, 32));
    d = f32x4.add(d, v128.load(at, 48));
    e = f32x4.add(e, v128.load(at, 64));
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
  v128.store(to, e, 64);
}

function sumLine(from: usize, end: usize, to: usize): void {
  let a = v128.load(from);
  let b = v128.load(from, 16);
  let c = v128.load(from, 32);
  let d = v128.load(from, 48);
  let e = v128.load(from, 64);
  for (let at = from + MOMENTS_BYTES; at < end; at += MOMENTS_BYTES) {
    a = f32x4.add(a, v128.load(at));
    b = f32x4.add(b, v128.load(at, 16));
    c = f32x4.add(c, v128.load(at, 32));
    d = f32x4.add(d, v128.load(at, 48));
    e = f32x4.add(e, v128.load(at, 64));
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
  v128.store(to, e, 64);
}

/** Adds what the coarser level says around a cell, between the middles of its cells. */
function addPrior(wider: usize, columns: i32, rows: i32, x: i32, y: i32, sums: usize): void {
  const left = (x - 1) >> 1;
  const top = (y - 1) >> 1;
  const xShare: f32 = x & 1 ? 0.25 : 0.75;
  const yShare: f32 = y & 1 ? 0.25 : 0.75;
  let a = v128.load(sums);
  let b = v128.load(sums, 16);
  let c = v128.load(sums, 32);
  let d = v128.load(sums, 48);
  let e = v128.load(sums, 64);
  for (let j = 0; j < 2; j++) {
    const row = min(max(top + j, 0), rows - 1) * columns;
    for (let i = 0; i < 2; i++) {
      const from = wider + <usize>(row + min(max(left + i, 0), columns - 1)) * MOMENTS_BYTES;
      const share = PRIOR * (i ? xShare : 1 - xShare) * (j ? yShare : 1 - yShare);
      const ours = share / (load<f32>(from, 12) + LITTLE);
      const theirs = share / (load<f32>(from, 60) + LITTLE);
      const byOurs = f32x4.splat(ours);
      const byTheirs = f32x4.splat(theirs);
      const byBoth = f32x4.replace_lane(byOurs, 3, theirs);
      a = f32x4.add(a, f32x4.mul(byOurs, v128.load(from)));
      b = f32x4.add(b, f32x4.mul(byBoth, v128.load(from, 16)));
      c = f32x4.add(c, f32x4.mul(byBoth, v128.load(from, 32)));
      d = f32x4.add(d, f32x4.mul(byTheirs, v128.load(from, 48)));
      e = f32x4.add(e, f32x4.mul(byTheirs, v128.load(from, 64)));
    }
  }
  v128.store(sums, a);
  v128.store(sums, b, 16);
  v128.store(sums, c, 32);
  v128.store(sums, d, 48);
  v128.store(sums, e, 64);
}
