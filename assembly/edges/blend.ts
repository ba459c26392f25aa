// Moves levels to what the lines say.
import { LINE_BYTES } from './lines';
import { channels, colourAt, columns } from './samples';

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
  for (let cell = from; cell < to; cell++) {
    if (load<u8>(changed + cell) === 0) continue;
    const first = (cell - from) * step;
    const behind = min(first + step, count);
    for (let x = first; x < behind; x++) {
      const level = load<u8>(levels + x);
      if (level === 0 || level === 255) continue;
      const place = (<f32>(x - first) + 0.5) * perPixel + 0.5;
      const left = cell - 1 + <i32>place;
      const share = place - <f32>(<i32>place);
      const one = mixed + <usize>max(left, 0) * LINE_BYTES;
      const other = mixed + <usize>min(left + 1, columns - 1) * LINE_BYTES;
      const before = v128.load(one);
      const line = f32x4.add(before, f32x4.mul(f32x4.sub(v128.load(other), before), f32x4.splat(share)));
      const said = (total(f32x4.mul(line, colourAt(pixels + <usize>(x * channels)))) - NEARLY) * STRETCH;
      const was = <f32>level;
      const change = min(max(said, 0), 255) - was;
      // What the matte is nearly sure of takes more than a colour to change: a dark outline before a dark wall.
      const variance = HALF_CHANGE * (was * (255 - was) + LEAST_VARIANCE);
      const trustBefore = load<f32>(one, 16);
      const trust = trustBefore + (load<f32>(other, 16) - trustBefore) * share;
      store<u8>(levels + x, <u8>(was + (trust * change * variance) / (variance + change * change) + 0.5));
    }
  }
}

function total(values: v128): f32 {
  const pairs = f32x4.add(values, v128.shuffle<f32>(values, values, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}
