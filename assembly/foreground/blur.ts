// Means over squares by running sums, as the time of these does not depend on the radius: along a row first, then along
// the columns of rows that were blurred so. Each cell has the eight values of SIDES_BYTES. The sums are of double
// precision: what was added leaves nothing behind when it is subtracted again.

/** Of a cell: red, green, blue and weight of the subject, then of the background. */
export const SIDES_BYTES: usize = 32;
const SUMS_BYTES: usize = 64;

/** The mean over 2 radius + 1 cells around each of a row. Beyond the ends the cells at the ends go on. */
export function blurRow(from: usize, to: usize, cells: i32, radius: i32): void {
  const last = cells - 1;
  const share = f64x2.splat(1 / <f64>(2 * radius + 1));
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let x = -radius; x < radius; x++) {
    const entering = from + <usize>min(max(x, 0), last) * SIDES_BYTES;
    a = f64x2.add(a, pairAt(entering));
    b = f64x2.add(b, pairAt(entering + 8));
    c = f64x2.add(c, pairAt(entering + 16));
    d = f64x2.add(d, pairAt(entering + 24));
  }
  let out = to;
  for (let x = 0; x < cells; x++, out += SIDES_BYTES) {
    const entering = from + <usize>min(x + radius, last) * SIDES_BYTES;
    const leaving = from + <usize>max(x - radius, 0) * SIDES_BYTES;
    a = f64x2.add(a, pairAt(entering));
    b = f64x2.add(b, pairAt(entering + 8));
    c = f64x2.add(c, pairAt(entering + 16));
    d = f64x2.add(d, pairAt(entering + 24));
    v128.store(out, narrowed(f64x2.mul(a, share), f64x2.mul(b, share)));
    v128.store(out, narrowed(f64x2.mul(c, share), f64x2.mul(d, share)), 16);
    a = f64x2.sub(a, pairAt(leaving));
    b = f64x2.sub(b, pairAt(leaving + 8));
    c = f64x2.sub(c, pairAt(leaving + 16));
    d = f64x2.sub(d, pairAt(leaving + 24));
  }
}

/** Adds a row, `times` over, to the sums of columns. */
export function enterSums(row: usize, sums: usize, cells: i32, times: i32): void {
  const factor = f64x2.splat(<f64>times);
  const pairs = cells * 4;
  for (let pair = 0; pair < pairs; pair++) {
    const sum = sums + ((<usize>pair) << 4);
    v128.store(sum, f64x2.add(v128.load(sum), f64x2.mul(pairAt(row + ((<usize>pair) << 3)), factor)));
  }
}

/** Moves the sums of columns a row on, and gives the means of the `count` rows that are in them in between. */
export function slideSums(
  entering: usize,
  leaving: usize,
  sums: usize,
  means: usize,
  cells: i32,
  count: i32,
): void {
  const share = f64x2.splat(1 / <f64>count);
  for (let cell = 0; cell < cells; cell++) {
    const sum = sums + <usize>cell * SUMS_BYTES;
    const at = <usize>cell * SIDES_BYTES;
    const a = f64x2.add(v128.load(sum), pairAt(entering + at));
    const b = f64x2.add(v128.load(sum, 16), pairAt(entering + at + 8));
    const c = f64x2.add(v128.load(sum, 32), pairAt(entering + at + 16));
    const d = f64x2.add(v128.load(sum, 48), pairAt(entering + at + 24));
    v128.store(means + at, narrowed(f64x2.mul(a, share), f64x2.mul(b, share)));
    v128.store(means + at, narrowed(f64x2.mul(c, share), f64x2.mul(d, share)), 16);
    v128.store(sum, f64x2.sub(a, pairAt(leaving + at)));
    v128.store(sum, f64x2.sub(b, pairAt(leaving + at + 8)), 16);
    v128.store(sum, f64x2.sub(c, pairAt(leaving + at + 16)), 32);
    v128.store(sum, f64x2.sub(d, pairAt(leaving + at + 24)), 48);
  }
}

function pairAt(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

function narrowed(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}
