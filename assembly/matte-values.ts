// The loops over what a network gives for a matte, as WebAssembly with SIMD. src/inference/matte-values.ts lays out the memory
// and calls them. All pointers are in bytes, values are numbers of 64 bits.

/** As in JavaScript, so that levels are the same to the bit. */
const HALF: f64 = 0.5;
const WHOLE_IN_LOWEST_BITS: f64 = 4_503_599_627_370_496;

let least: v128 = f64x2.splat(Infinity);
let most: v128 = f64x2.splat(-Infinity);
let noNumbers: v128 = i64x2.splat(0);

/** Numbers of 32 bits as values. Both have room behind them for the rest of a vector. */
export function promote(from: usize, count: u32, values: usize): void {
  for (let at: u32 = 0, source = from, to = values; at < count; at += 2, source += 8, to += 16)
    v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(source)));
}

/** Forgets what was smallest and largest. */
export function begin(): void {
  least = f64x2.splat(Infinity);
  most = f64x2.splat(-Infinity);
  noNumbers = i64x2.splat(0);
}

/** Looks for smaller and larger values, and for what is no number. */
export function widen(values: usize, count: u32): void {
  const end = values + ((<usize>count) << 3);
  let low = least;
  let high = most;
  let odd = noNumbers;
  for (let at = values; at < end; at += 16) {
    // The last one alone counts twice.
    const two = at + 16 <= end ? v128.load(at) : v128.load64_splat(at);
    low = f64x2.pmin(low, two);
    high = f64x2.pmax(high, two);
    odd = v128.or(odd, f64x2.ne(two, two));
  }
  least = low;
  most = high;
  noNumbers = odd;
}

/** NaN where any value was. */
export function smallest(): f64 {
  if (v128.any_true(noNumbers)) return NaN;
  return Math.min(f64x2.extract_lane(least, 0), f64x2.extract_lane(least, 1));
}

export function largest(): f64 {
  if (v128.any_true(noNumbers)) return NaN;
  return Math.max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
}

/**
 * Writes (value - low) x scale, rounded, as bytes: 0 below `noise`, 255 less than it below 255. Gives their sum. Values and bytes
 * have room behind them for the rest of a vector.
 */
export function writeLevels(values: usize, count: u32, low: f64, scale: f64, noise: f64, levels: usize): u32 {
  let sums = i32x4.splat(0);
  let at: u32 = 0;
  for (; at + 4 <= count; at += 4) {
    const four = fourLevels(values + ((<usize>at) << 3), low, scale, noise);
    sums = i32x4.add(sums, four);
    storeBytes(levels + at, four);
  }
  if (at < count) {
    storeBytes(levels + at, fourLevels(values + ((<usize>at) << 3), low, scale, noise));
  }
  let sum: u32 =
    i32x4.extract_lane(sums, 0) +
    i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) +
    i32x4.extract_lane(sums, 3);
  for (; at < count; at++) sum += load<u8>(levels + at);
  return sum;
}

function fourLevels(values: usize, low: f64, scale: f64, noise: f64): v128 {
  const one = twoLevels(v128.load(values), low, scale);
  const two = twoLevels(v128.load(values, 16), low, scale);
  const whole = i32x4.shuffle(wholeOf(one), wholeOf(two), 0, 2, 4, 6);
  const floor = f64x2.splat(noise);
  const ceiling = f64x2.splat(255 - noise);
  const isBelow = i32x4.shuffle(f64x2.lt(one, floor), f64x2.lt(two, floor), 0, 2, 4, 6);
  const isAbove = i32x4.shuffle(f64x2.gt(one, ceiling), f64x2.gt(two, ceiling), 0, 2, 4, 6);
  return v128.and(v128.or(v128.andnot(whole, isBelow), isAbove), i32x4.splat(255));
}

function twoLevels(two: v128, low: f64, scale: f64): v128 {
  return f64x2.mul(f64x2.sub(two, f64x2.splat(low)), f64x2.splat(scale));
}

/** Rounded, in the lower 32 bits; of use from 0 to 255. What is as large as this has its whole part in the lowest bits. */
function wholeOf(two: v128): v128 {
  return f64x2.add(f64x2.floor(f64x2.add(two, f64x2.splat(HALF))), f64x2.splat(WHOLE_IN_LOWEST_BITS));
}

function storeBytes(at: usize, four: v128): void {
  const words = i16x8.narrow_i32x4_s(four, four);
  v128.store32_lane(at, i8x16.narrow_i16x8_u(words, words), 0);
}
