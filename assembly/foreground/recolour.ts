// The pixels of a row that are partly subject, and their colours.
import { SIDES_BYTES } from './blur';

/** Certain pixels that part two runs: to copy fewer than these costs less than to begin anew. */
const GAP: usize = 64;

/** The first pixel from `at` on that is neither wholly subject nor wholly background, or `end`. */
export function nextSoft(at: usize, end: usize): usize {
  let from = at;
  while (from + 16 <= end && !v128.any_true(softOf(v128.load(from)))) from += 16;
  while (from < end && !isSoft(load<u8>(from))) from++;
  return from;
}

/** Behind the last soft pixel of the run from `at` on: of those that have no more than GAP certain ones between them. */
export function endOfRun(at: usize, end: usize): usize {
  let last = at;
  for (let from = at; from < end && from - last <= GAP; from++) if (isSoft(load<u8>(from))) last = from;
  return last + 1;
}

/** Of two rows of fields what is in between, for `cells` cells. */
export function mixRows(upper: usize, lower: usize, share: f32, row: usize, cells: i32): void {
  const shares = f32x4.splat(share);
  for (let at: usize = 0, end = <usize>cells * SIDES_BYTES; at < end; at += 16) {
    v128.store(row + at, between(v128.load(upper + at), v128.load(lower + at), shares));
  }
}

/**
 * Gives the soft pixels of a run the colour F' + a (I - a F' - (1 - a) B'), in place. `row` has the colours of both sides of
 * `cells` cells; `first` says where the first pixel lies between their middles, `step` how far from one to the next it is.
 */
export function correct(
  pixels: usize,
  levels: usize,
  count: i32,
  channels: i32,
  row: usize,
  cells: i32,
  first: f32,
  step: f32,
): void {
  const last = <f32>(cells - 1);
  const lastCell = row + <usize>(cells - 1) * SIDES_BYTES;
  let pixel = pixels;
  for (let x = 0; x < count; x++, pixel += channels) {
    const level = load<u8>(levels + x);
    if (!isSoft(level)) continue;
    const alpha = f32x4.splat(<f32>level / 255);
    const place = min(max(first + <f32>x * step, 0), last);
    const cell = <i32>place;
    const share = f32x4.splat(place - <f32>cell);
    const left = row + <usize>cell * SIDES_BYTES;
    const right = min(left + SIDES_BYTES, lastCell);
    const subject = between(v128.load(left), v128.load(right), share);
    const background = between(v128.load(left, 16), v128.load(right, 16), share);
    const seen = f32x4.convert_i32x4_s(
      i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(pixel))),
    );
    const rest = f32x4.sub(f32x4.splat(1), alpha);
    const explained = f32x4.add(f32x4.mul(alpha, subject), f32x4.mul(rest, background));
    const colour = f32x4.add(subject, f32x4.mul(alpha, f32x4.sub(seen, explained)));
    // Rounded, and held by the narrowing.
    const whole = i32x4.trunc_sat_f32x4_s(f32x4.add(colour, f32x4.splat(0.5)));
    const words = i16x8.narrow_i32x4_s(whole, whole);
    const bytes = i8x16.narrow_i16x8_u(words, words);
    v128.store16_lane(pixel, bytes, 0);
    v128.store8_lane(pixel, bytes, 2, 2);
  }
}

function isSoft(level: u8): bool {
  return <u8>(level - 1) < 254;
}

function softOf(levels: v128): v128 {
  return i8x16.lt_u(i8x16.sub(levels, i8x16.splat(1)), i8x16.splat(-2));
}

function between(one: v128, other: v128, share: v128): v128 {
  return f32x4.add(one, f32x4.mul(f32x4.sub(other, one), share));
}
