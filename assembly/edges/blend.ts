// Moves levels to what the lines say.
import { LINE_BYTES } from './lines';
import { channels, colourAt, columns, total } from './samples';

/** Noise makes what is pure a little more or less: what the colours say is stretched by this much at each end. */
const NEARLY: f32 = 0.05;
const STRETCH: f32 = 255 / (1 - 2 * NEARLY);
/** Squared change that counts half, over the variance that a level has (trust.ts); and what that is at the least. */
const HALF_CHANGE: f32 = 4;
const LEAST_VARIANCE: f32 = 650;

/** The lines of a row of pixels that lies between the middles of two rows of cells, for cells `from` to before `to`. */
export function mixLines(upper: usize, lower: usize, share: f32, from: i32, to: i32, mixed: usize): void {
  const shares = f32x4.splat(share);
  const end = <usize>to * LINE_BYTES;
  // The last vector may go beyond the end: there is room behind each row, and nobody looks at it.
  for (let at = <usize>from * LINE_BYTES; at < end; at += 16) {
    const above = v128.load(upper + at);
    const below = v128.load(lower + at);
    v128.store(mixed + at, f32x4.add(above, f32x4.mul(f32x4.sub(below, above), shares)));
  }
}

/**
 * Moves the soft pixels of the changed cells, of cells `from` to before `to`, to what the lines say, as far as these are
 * trusted. `pixels` and `levels` begin with the first cell, which has `step` pixels; there are `count` in all.
 */
export function blendRun(
  pixels: usize,
  levels: usize,
  count: i32,
  changed: usize,
  from: i32,
  to: i32,
  step: i32,
  mixed: usize,
): void {
  const perPixel: f32 = 1 / <f32>step;
  // Pixels of a cell that lie before its middle.
  const half = step >> 1;
  for (let cell = from; cell < to; cell++) {
    if (load<u8>(changed + cell) === 0) continue;
    const first = (cell - from) * step;
    const behind = min(first + step, count);
    const middle = min(first + half, behind);
    const here = mixed + <usize>cell * LINE_BYTES;
    const before = mixed + <usize>max(cell - 1, 0) * LINE_BYTES;
    const after = mixed + <usize>min(cell + 1, columns - 1) * LINE_BYTES;
    const share: f32 = 0.5 * perPixel;
    blendPart(pixels, levels, first, middle, before, here, share + 0.5, perPixel);
    blendPart(pixels, levels, middle, behind, here, after, share + <f32>half * perPixel - 0.5, perPixel);
  }
}

/** Of the pixels between the middles of two cells, `share` of the way on for the first. All is four times the same. */
function blendPart(
  pixels: usize,
  levels: usize,
  from: i32,
  end: i32,
  left: usize,
  right: usize,
  share: f32,
  step: f32,
): void {
  const line = v128.load(left);
  const lineChange = f32x4.sub(v128.load(right), line);
  const trust = v128.load32_splat(left, 16);
  const trustChange = f32x4.sub(v128.load32_splat(right, 16), trust);
  const steps = f32x4.splat(step);
  let shares = f32x4.splat(share);
  for (let x = from; x < end; x++) {
    const level = load<u8>(levels + x);
    if (level !== 0 && level !== 255) {
      const colour = colourAt(pixels + <usize>(x * channels));
      const seen = total(f32x4.mul(f32x4.add(line, f32x4.mul(lineChange, shares)), colour));
      const said = f32x4.mul(f32x4.sub(seen, f32x4.splat(NEARLY)), f32x4.splat(STRETCH));
      const held = f32x4.pmin(f32x4.pmax(said, f32x4.splat(0)), f32x4.splat(255));
      const was = f32x4.splat(<f32>level);
      const change = f32x4.sub(held, was);
      // What the matte is nearly sure of takes more than a colour to change: a dark outline before a dark wall.
      const spread = f32x4.mul(was, f32x4.sub(f32x4.splat(255), was));
      const variance = f32x4.mul(f32x4.add(spread, f32x4.splat(LEAST_VARIANCE)), f32x4.splat(HALF_CHANGE));
      const trusted = f32x4.mul(f32x4.add(trust, f32x4.mul(trustChange, shares)), change);
      const part = f32x4.div(variance, f32x4.add(variance, f32x4.mul(change, change)));
      const now = f32x4.add(was, f32x4.mul(trusted, part));
      // So large a number has no room for fractions: the lowest byte is the rounded level.
      store<u8>(levels + x, <u8>i32x4.extract_lane(f32x4.add(now, f32x4.splat(8_388_608)), 0));
    }
    shares = f32x4.add(shares, steps);
  }
}
