// The loops of the resampler, as WebAssembly with SIMD. src/image/resample.ts lays out the memory, says what the pieces in it
// are, and calls them. All pointers and lengths are in bytes unless they say otherwise.

/** Weights are whole numbers of 16 bits, 1.0 being 2^14. */
const ONE: i32 = 1 << 14;
const ONE_BITS: i32 = 14;
const HALF: i32 = ONE >> 1;
/** Pixels of a row that are done at once where they are all of one value. */
const BLOCK: u32 = 64;
/** In place of the one value of a block: its samples differ. */
const MIXED: i32 = -1;
const VECTOR: usize = 16;
/** A group: where its samples begin (32 bits), behind a vector which of 16 bytes they are made of, and 16 weights. */
const GROUP: usize = 64;
const GROUP_WEIGHTS: u32 = 16;
/** Weights are handled this many at once where there are more than four of them. */
const LANES: u32 = 8;

/**
 * What each of `to` places is made of, where there were `from`: `size` samples from its start (32 bits) on, with weights, of
 * which there are `padded`, the last ones 0. The kernel is that of `support` samples on each side: 1 is linear, 2 cubic.
 * `exact` has room for `size` numbers of 64 bits.
 */
export function setTaps(
  from: i32,
  to: i32,
  support: f64,
  size: i32,
  padded: i32,
  starts: usize,
  weights: usize,
  exact: usize,
): void {
  memory.fill(weights, 0, <usize>to * <usize>padded * 2);
  const step = <f64>from / <f64>to;
  const widening = Math.max(1, step);
  const reach = <i32>Math.ceil(2 * support * widening);
  for (let place = 0; place < to; place++) {
    const row = weights + <usize>(place * padded) * 2;
    if (from === to) {
      store<i32>(starts + ((<usize>place) << 2), place);
      store<i16>(row, <i16>ONE);
      continue;
    }
    const centre = (<f64>place + 0.5) * step - 0.5;
    const first = <i32>Math.floor(centre - support * widening) + 1;
    const start = min(max(0, first), from - size);
    store<i32>(starts + ((<usize>place) << 2), start);
    memory.fill(exact, 0, (<usize>size) << 3);
    // Beyond the border the samples at the border go on.
    for (let at = first; at < first + reach; at++) {
      const index = exact + ((<usize>(min(max(at, 0), from - 1) - start)) << 3);
      store<f64>(index, load<f64>(index) + weightAt(Math.abs((<f64>at - centre) / widening), support));
    }
    setWhole(row, exact, size);
  }
}

/** Of a sample that is `offset` samples away. */
function weightAt(offset: f64, support: f64): f64 {
  if (support === 1) return Math.max(0, 1 - offset);
  // Catmull-Rom: the cubic with B = 0, C = 1/2 of Mitchell and Netravali, "Reconstruction Filters" (1988).
  if (offset < 1) return (1.5 * offset - 2.5) * offset * offset + 1;
  return offset < 2 ? ((-0.5 * offset + 2.5) * offset - 4) * offset + 2 : 0;
}

/** Rounds the weights so that they are exactly 1.0 together: what is flat stays flat. */
function setWhole(weights: usize, exact: usize, size: i32): void {
  let sum: f64 = 0;
  for (let tap = 0; tap < size; tap++) sum += load<f64>(exact + ((<usize>tap) << 3));
  let rest = ONE;
  let heaviest = weights;
  for (let tap = 0; tap < size; tap++) {
    const at = weights + ((<usize>tap) << 1);
    const whole = <i32>Math.round((load<f64>(exact + ((<usize>tap) << 3)) / sum) * ONE);
    store<i16>(at, <i16>whole);
    rest -= whole;
    if (whole > load<i16>(heaviest)) heaviest = at;
  }
  store<i16>(heaviest, <i16>(load<i16>(heaviest) + rest));
}

/**
 * The same taps, 2 or 4 of each place, for samples that lie side by side: as many as 16 weights are for make a group. Only
 * where a raster gets no smaller are they near enough to each other.
 */
export function setGroups(
  places: u32,
  channels: u32,
  taps: u32,
  starts: usize,
  weights: usize,
  groups: usize,
): void {
  const samples = places * channels;
  const perGroup = GROUP_WEIGHTS / taps;
  let group = groups;
  for (let first: u32 = 0; first < samples; first += perGroup, group += GROUP) {
    memory.fill(group, 0, GROUP);
    const base = load<u32>(starts + ((<usize>(first / channels)) << 2)) * channels;
    store<u32>(group, base);
    const end = min(first + perGroup, samples);
    for (let sample = first, slot: usize = 0; sample < end; sample++) {
      const place = sample / channels;
      const start = load<u32>(starts + ((<usize>place) << 2)) * channels + (sample % channels) - base;
      for (let tap: u32 = 0; tap < taps; tap++, slot++) {
        store<u8>(group + VECTOR + slot, <u8>(start + tap * channels));
        const weight = load<i16>(weights + ((<usize>(place * taps + tap)) << 1));
        store<i16>(group + 2 * VECTOR + (slot << 1), weight);
      }
    }
  }
}

/** Brings a row to its new width by groups of `taps`, of which `size` count; tells `flats` (32 bits) the one value of each of its blocks, or MIXED. */
export function stretchByGroups(
  source: usize,
  places: u32,
  channels: u32,
  size: u32,
  taps: u32,
  starts: usize,
  groups: usize,
  target: usize,
  flats: usize,
): void {
  const bytesAGroup = <usize>(GROUP_WEIGHTS / taps);
  let group = groups;
  for (let from: u32 = 0, flatAt = flats; from < places; from += BLOCK, flatAt += 4) {
    const to = min(from + BLOCK, places);
    const flat = flatBlock(source, channels, size, starts, from, to);
    store<i32>(flatAt, flat);
    const end = target + <usize>(to * channels);
    let at = target + <usize>(from * channels);
    if (flat !== MIXED) {
      fill(at, end, flat);
      group = groups + <usize>(((from + BLOCK) * channels * taps) / GROUP_WEIGHTS) * GROUP;
      continue;
    }
    if (taps === 2) {
      for (; at < end; at += bytesAGroup, group += GROUP) stretchEight(source, group, at);
    } else {
      for (; at < end; at += bytesAGroup, group += GROUP) stretchFour(source, group, at);
    }
  }
}

/** Eight samples of two taps each. */
function stretchEight(source: usize, group: usize, target: usize): void {
  const values = i8x16.swizzle(v128.load(source + load<u32>(group)), v128.load(group, VECTOR));
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(values), v128.load(group, 2 * VECTOR));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(values), v128.load(group, 3 * VECTOR));
  const levels = i16x8.narrow_i32x4_s(toLevels(low), toLevels(high));
  v128.store64_lane(target, i8x16.narrow_i16x8_u(levels, levels), 0);
}

/** Four samples of four taps each. */
function stretchFour(source: usize, group: usize, target: usize): void {
  const values = i8x16.swizzle(v128.load(source + load<u32>(group)), v128.load(group, VECTOR));
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(values), v128.load(group, 2 * VECTOR));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(values), v128.load(group, 3 * VECTOR));
  const levels = toLevels(sumOfNeighbours(low, high));
  const words = i16x8.narrow_i32x4_s(levels, levels);
  v128.store32_lane(target, i8x16.narrow_i16x8_u(words, words), 0);
}

/** A cubic overshoots at edges: what narrows the levels to bytes afterwards cuts that off. */
function toLevels(sums: v128): v128 {
  return i32x4.shr_s(i32x4.add(sums, i32x4.splat(HALF)), ONE_BITS);
}

function sumOfNeighbours(low: v128, high: v128): v128 {
  return i32x4.add(i32x4.shuffle(low, high, 0, 2, 4, 6), i32x4.shuffle(low, high, 1, 3, 5, 7));
}

/** The same as stretchByGroups, with any number of taps: `padded` is what there is room for, a multiple of eight. */
export function stretchByTaps(
  source: usize,
  places: u32,
  channels: u32,
  size: u32,
  padded: u32,
  starts: usize,
  weights: usize,
  target: usize,
  flats: usize,
): void {
  for (let from: u32 = 0, flatAt = flats; from < places; from += BLOCK, flatAt += 4) {
    const to = min(from + BLOCK, places);
    const flat = flatBlock(source, channels, size, starts, from, to);
    store<i32>(flatAt, flat);
    let at = target + <usize>(from * channels);
    if (flat !== MIXED) {
      fill(at, target + <usize>(to * channels), flat);
      continue;
    }
    for (let place = from; place < to; place++) {
      const first = source + <usize>load<u32>(starts + ((<usize>place) << 2)) * channels;
      const row = weights + ((<usize>(place * padded)) << 1);
      for (let channel: u32 = 0; channel < channels; channel++, at++) {
        const sum =
          channels === 1 ? weighByVectors(first, row, padded) : weigh(first + channel, channels, row, size);
        store<u8>(at, <u8>min(max((sum + HALF) >> ONE_BITS, 0), 255));
      }
    }
  }
}

/** What is read behind the last sample counts nothing. */
function weighByVectors(first: usize, weights: usize, padded: u32): i32 {
  let sums = i32x4.splat(0);
  for (let tap: u32 = 0; tap < padded; tap += LANES) {
    const values = v128.load8x8_u(first + tap);
    sums = i32x4.add(sums, i32x4.dot_i16x8_s(values, v128.load(weights + ((<usize>tap) << 1))));
  }
  const pairs = sumOfNeighbours(sums, sums);
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
}

function weigh(first: usize, channels: u32, weights: usize, size: u32): i32 {
  let sum = 0;
  for (let tap: u32 = 0; tap < size; tap++) {
    const weight = <i32>load<i16>(weights + ((<usize>tap) << 1));
    sum += weight * <i32>load<u8>(first + <usize>(tap * channels));
  }
  return sum;
}

/** The one value of all that the places `from` to before `to` are made of, or MIXED. */
function flatBlock(source: usize, channels: u32, size: u32, starts: usize, from: u32, to: u32): i32 {
  const first = load<u32>(starts + ((<usize>from) << 2));
  const end = load<u32>(starts + ((<usize>(to - 1)) << 2)) + size;
  let at = source + <usize>(first * channels);
  const last = source + <usize>(end * channels);
  const value = load<u8>(at);
  const values = i8x16.splat(value);
  for (; at + VECTOR <= last; at += VECTOR)
    if (!i8x16.all_true(i8x16.eq(v128.load(at), values))) return MIXED;
  for (; at < last; at++) if (load<u8>(at) !== value) return MIXED;
  return value;
}

/** To `end` or, as long as a vector, beyond: what lies there is written later. */
function fill(start: usize, end: usize, value: i32): void {
  const values = i8x16.splat(<i8>value);
  for (let at = start; at < end; at += VECTOR) v128.store(at, values);
}

/**
 * Makes the rows `from` to before `to` of the result from those of the new width, of which row r is in slot r % `slotCount`,
 * as the values of its blocks are in `flats`. `rows` and `rowFlats` have room for `padded` places (32 bits): `size` of a row,
 * rounded up to an even number. Writes the extent of what may be above 0 to `extents`, for each row.
 */
export function blendRows(
  from: u32,
  to: u32,
  slots: usize,
  slotBytes: u32,
  slotCount: u32,
  flats: usize,
  flatBytes: u32,
  size: u32,
  padded: u32,
  starts: usize,
  weights: usize,
  rows: usize,
  rowFlats: usize,
  width: u32,
  channels: u32,
  target: usize,
  extents: usize,
): void {
  for (let y = from, made: u32 = 0; y < to; y++, made++) {
    const start = load<u32>(starts + ((<usize>y) << 2));
    for (let tap: u32 = 0; tap < padded; tap++) {
      const slot = (start + min(tap, size - 1)) % slotCount;
      store<u32>(rows + ((<usize>tap) << 2), <u32>slots + slot * slotBytes);
      store<u32>(rowFlats + ((<usize>tap) << 2), <u32>flats + slot * flatBytes);
    }
    const rowWeights = weights + ((<usize>(y * padded)) << 1);
    const row = target + <usize>(made * width * channels);
    blendRow(rows, rowFlats, padded, rowWeights, width, channels, row, extents + ((<usize>made) << 3));
  }
}

function blendRow(
  rows: usize,
  rowFlats: usize,
  taps: u32,
  weights: usize,
  width: u32,
  channels: u32,
  target: usize,
  extent: usize,
): void {
  const pairs = taps >> 1;
  let visibleFrom = width;
  let visibleTo: u32 = 0;
  for (let from: u32 = 0, block: usize = 0; from < width; from += BLOCK, block++) {
    const to = min(from + BLOCK, width);
    const start = <usize>(from * channels);
    const end = <usize>(to * channels);
    const flat = sharedFlat(rowFlats, taps, block << 2);
    if (flat !== 0) {
      visibleFrom = min(visibleFrom, from);
      visibleTo = to;
    }
    if (flat !== MIXED) fill(target + start, target + end, flat);
    else if (pairs === 2) blendFour(rows, weights, target, start, end);
    else blend(rows, weights, pairs, target, start, end);
  }
  store<u32>(extent, min(visibleFrom, visibleTo));
  store<u32>(extent, visibleTo, 4);
}

/** The one value of the blocks above each other, or MIXED. */
function sharedFlat(rowFlats: usize, taps: u32, block: usize): i32 {
  const flat = load<i32>(<usize>load<u32>(rowFlats) + block);
  for (let tap: u32 = 1; tap < taps; tap++) {
    if (load<i32>(<usize>load<u32>(rowFlats + ((<usize>tap) << 2)) + block) !== flat) return MIXED;
  }
  return flat;
}

/** Enlarging a matte, so nearly all there is: the rows and the weights stay in registers. */
function blendFour(rows: usize, weights: usize, target: usize, start: usize, end: usize): void {
  const first: usize = load<u32>(rows);
  const second: usize = load<u32>(rows, 4);
  const third: usize = load<u32>(rows, 8);
  const fourth: usize = load<u32>(rows, 12);
  const upper = v128.load32_splat(weights);
  const lower = v128.load32_splat(weights, 4);
  const half = i32x4.splat(HALF);
  for (let at = start; at < end; at += VECTOR) {
    const one = v128.load(first + at);
    const two = v128.load(second + at);
    const three = v128.load(third + at);
    const four = v128.load(fourth + at);
    const above = lowPairs(one, two);
    const aboveHigh = highPairs(one, two);
    const below = lowPairs(three, four);
    const belowHigh = highPairs(three, four);
    storeLevels(
      target + at,
      i32x4.add(half, i32x4.add(weighLow(above, upper), weighLow(below, lower))),
      i32x4.add(half, i32x4.add(weighHigh(above, upper), weighHigh(below, lower))),
      i32x4.add(half, i32x4.add(weighLow(aboveHigh, upper), weighLow(belowHigh, lower))),
      i32x4.add(half, i32x4.add(weighHigh(aboveHigh, upper), weighHigh(belowHigh, lower))),
    );
  }
}

function blend(rows: usize, weights: usize, pairs: u32, target: usize, start: usize, end: usize): void {
  for (let at = start; at < end; at += VECTOR) {
    let first = i32x4.splat(HALF);
    let second = first;
    let third = first;
    let fourth = first;
    for (let pair: usize = 0; pair < <usize>pairs; pair++) {
      const upper = v128.load(<usize>load<u32>(rows + (pair << 3)) + at);
      const lower = v128.load(<usize>load<u32>(rows + (pair << 3), 4) + at);
      const weight = v128.load32_splat(weights + (pair << 2));
      const low = lowPairs(upper, lower);
      const high = highPairs(upper, lower);
      first = i32x4.add(first, weighLow(low, weight));
      second = i32x4.add(second, weighHigh(low, weight));
      third = i32x4.add(third, weighLow(high, weight));
      fourth = i32x4.add(fourth, weighHigh(high, weight));
    }
    storeLevels(target + at, first, second, third, fourth);
  }
}

function lowPairs(one: v128, two: v128): v128 {
  return i8x16.shuffle(one, two, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

function highPairs(one: v128, two: v128): v128 {
  return i8x16.shuffle(one, two, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

function weighLow(pairs: v128, weights: v128): v128 {
  return i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(pairs), weights);
}

function weighHigh(pairs: v128, weights: v128): v128 {
  return i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(pairs), weights);
}

function storeLevels(target: usize, first: v128, second: v128, third: v128, fourth: v128): void {
  const low = i16x8.narrow_i32x4_s(i32x4.shr_s(first, ONE_BITS), i32x4.shr_s(second, ONE_BITS));
  const high = i16x8.narrow_i32x4_s(i32x4.shr_s(third, ONE_BITS), i32x4.shr_s(fourth, ONE_BITS));
  v128.store(target, i8x16.narrow_i16x8_u(low, high));
}
