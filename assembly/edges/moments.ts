// What the surely opaque and the surely transparent pixels of cells look like.
import {
  channels,
  colourAt,
  columns,
  levels,
  levelsStride,
  perCell,
  pixels,
  pixelsStride,
  places,
} from './samples';

/**
 * Of a cell, in five vectors, each side having a weight and sums of red, green, blue and their products: ours R G B W; ours RR GG BB,
 * theirs RG; ours RG GB BR, theirs GB; theirs R G B W; theirs RR GG BB BR.
 */
export const MOMENTS_BYTES: usize = 80;

/** From this alpha on a pixel counts as subject, wholly from the second on; below its complement, as background. */
const SURE: f32 = 0.75;
const WHOLLY: f32 = 0.97;

/**
 * Puts the moments of the near cells of a row one after another from `at` on, and where each lies into `index`; adds those of
 * all cells to the row of cells of twice the side. Of a cell that is not near only one sample is looked at, and stands
 * for all. Gives the place behind the last.
 */
export function momentsRow(near: usize, index: usize, at: usize, coarser: usize): usize {
  let next = at;
  for (let column = 0; column < columns; column++) {
    const isNear = load<u8>(near + column) !== 0;
    const parent = coarser + <usize>(column >> 1) * MOMENTS_BYTES;
    const from = isNear ? 0 : perCell >> 1;
    const to = isNear ? perCell : from + 1;
    const count: f32 = isNear ? 1 : <f32>(perCell * perCell);
    let ours = f32x4.splat(0);
    let oursSquared = ours;
    let oursMixed = ours;
    let theirs = ours;
    let theirsSquared = ours;
    let theirsMixed = ours;
    for (let row = from; row < to; row++) {
      const mask = levels + <usize>row * levelsStride;
      const line = pixels + <usize>row * pixelsStride;
      for (let sample = from; sample < to; sample++) {
        const x = load<u32>(places + ((<usize>(column * perCell + sample)) << 2));
        const level = load<u8>(mask + x);
        const isOurs = level > 127;
        const weight = count * weightOf(isOurs ? level : 255 - level);
        const pixel = line + <usize>(x * channels);
        if (weight === 0 || (channels === 4 && load<u8>(pixel, 3) !== 255)) continue;
        const colour = colourAt(pixel);
        const weighed = f32x4.mul(colour, f32x4.splat(weight));
        const squared = f32x4.mul(weighed, colour);
        const mixed = f32x4.mul(weighed, v128.shuffle<f32>(colour, colour, 1, 2, 0, 3));
        if (isOurs) {
          ours = f32x4.add(ours, weighed);
          oursSquared = f32x4.add(oursSquared, squared);
          oursMixed = f32x4.add(oursMixed, mixed);
        } else {
          theirs = f32x4.add(theirs, weighed);
          theirsSquared = f32x4.add(theirsSquared, squared);
          theirsMixed = f32x4.add(theirsMixed, mixed);
        }
      }
    }
    oursSquared = f32x4.replace_lane(oursSquared, 3, f32x4.extract_lane(theirsMixed, 0));
    oursMixed = f32x4.replace_lane(oursMixed, 3, f32x4.extract_lane(theirsMixed, 1));
    theirsSquared = f32x4.replace_lane(theirsSquared, 3, f32x4.extract_lane(theirsMixed, 2));
    if (isNear) {
      v128.store(next, ours);
      v128.store(next, oursSquared, 16);
      v128.store(next, oursMixed, 32);
      v128.store(next, theirs, 48);
      v128.store(next, theirsSquared, 64);
      store<u32>(index + ((<usize>column) << 2), <u32>next);
      next += MOMENTS_BYTES;
    }
    v128.store(parent, f32x4.add(v128.load(parent), ours));
    v128.store(parent, f32x4.add(v128.load(parent, 16), oursSquared), 16);
    v128.store(parent, f32x4.add(v128.load(parent, 32), oursMixed), 32);
    v128.store(parent, f32x4.add(v128.load(parent, 48), theirs), 48);
    v128.store(parent, f32x4.add(v128.load(parent, 64), theirsSquared), 64);
  }
  return next;
}

/** Adds the moments of cells to those of cells of twice the side. */
export function addCoarser(cells: usize, columnCount: i32, rows: i32, to: usize): void {
  const across = (columnCount + 1) >> 1;
  let from = cells;
  for (let y = 0; y < rows; y++) {
    const row = to + <usize>((y >> 1) * across) * MOMENTS_BYTES;
    for (let x = 0; x < columnCount; x++, from += MOMENTS_BYTES) {
      const parent = row + <usize>(x >> 1) * MOMENTS_BYTES;
      for (let part: usize = 0; part < MOMENTS_BYTES; part += 16)
        v128.store(parent + part, f32x4.add(v128.load(parent + part), v128.load(from + part)));
    }
  }
}

function weightOf(level: u8): f32 {
  const above = <f32>level / 255 - SURE;
  if (above <= 0) return 0;
  return above >= WHOLLY - SURE ? 1 : above / (WHOLLY - SURE);
}
