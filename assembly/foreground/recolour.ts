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
  for (let x = 0; x < count; ) {
    // On to the next middle of a cell both colours change evenly; before the first and behind the last not at all.
    const place = first + <f32>x * step;
    const cell = <i32>floor(place);
    const end = min(max(<i32>ceil((<f32>(cell + 1) - first) / step), x + 1), count);
    const left = row + <usize>min(max(cell, 0), cells - 1) * SIDES_BYTES;
    const right = row + <usize>min(max(cell + 1, 0), cells - 1) * SIDES_BYTES;
    correctPart(pixels, levels, x, end, channels, left, right, place - <f32>cell, step);
    x = end;
  }
}

/** Of the pixels between the middles of two cells, `share` of the way on for the first. */
function correctPart(
  pixels: usize,
  levels: usize,
  from: i32,
  end: i32,
  channels: i32,
  left: usize,
  right: usize,
  share: f32,
  step: f32,
): void {
  const subject = v128.load(left);
  const background = v128.load(left, 16);
  const subjectChange = f32x4.sub(v128.load(right), subject);
  const backgroundChange = f32x4.sub(v128.load(right, 16), background);
  const steps = f32x4.splat(step);
  let shares = f32x4.splat(share);
  let pixel = pixels + <usize>(from * channels);
  for (let x = from; x < end; x++, pixel += channels) {
    const level = load<u8>(levels + x);
    if (isSoft(level)) {
      const alpha = f32x4.splat(<f32>level * (1 / <f32>255));
      const ours = f32x4.add(subject, f32x4.mul(subjectChange, shares));
      const theirs = f32x4.add(background, f32x4.mul(backgroundChange, shares));
      const seen = f32x4.convert_i32x4_s(
        i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(pixel))),
      );
      const explained = f32x4.add(theirs, f32x4.mul(alpha, f32x4.sub(ours, theirs)));
      const colour = f32x4.add(ours, f32x4.mul(alpha, f32x4.sub(seen, explained)));
      const held = f32x4.pmin(f32x4.pmax(colour, f32x4.splat(0)), f32x4.splat(255));
      // So large a number has no room for fractions: the lowest byte is the rounded colour.
      const bytes = i8x16.swizzle(
        f32x4.add(held, f32x4.splat(8_388_608)),
        i8x16(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      );
      const rgb = i32x4.extract_lane(bytes, 0);
      store<u16>(pixel, <u16>rgb);
      store<u8>(pixel, <u8>(rgb >>> 16), 2);
    }
    shares = f32x4.add(shares, steps);
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
