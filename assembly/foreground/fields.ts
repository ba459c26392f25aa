// A row of cells at a time, of the picture and of what is estimated of it.
import { SIDES_BYTES } from './blur';

/** Of a cell: red, green, blue (0..255) and alpha (0..1) of its mean; what it weighs for subject and for background. */
const CELL_BYTES: usize = 32;
/** Keeps cells without any of a side from a division by nothing; such cells are asked for nothing. */
const LITTLE: f32 = 1e-5;

/**
 * The means of a row of cells from `perCell` times `rows` samples of each, with their weights, and the colours times these.
 * `pixels` and `levels` are rows of the picture and its matte, `pixelsStride` and `levelsStride` bytes apart; `places` says
 * where in them the samples are. What lies under the picture's own transparency is no colour of anything.
 */
export function reduceRow(
  pixels: usize,
  pixelsStride: usize,
  levels: usize,
  levelsStride: usize,
  rows: i32,
  channels: i32,
  places: usize,
  perCell: i32,
  means: usize,
  sides: usize,
  cells: i32,
): void {
  const one: f32 = 1 / <f32>(perCell * rows);
  let place = places;
  for (let cell = 0; cell < cells; cell++) {
    let sums = i32x4.splat(0);
    let weights = 0;
    let level = 0;
    for (let sample = 0; sample < perCell; sample++, place += 4) {
      const x = load<u32>(place);
      let pixel = pixels + <usize>(x * channels);
      let mask = levels + <usize>x;
      for (let row = 0; row < rows; row++, pixel += pixelsStride, mask += levelsStride) {
        const weight = channels === 4 ? <i32>load<u8>(pixel, 3) : 255;
        sums = i32x4.add(sums, i32x4.mul(colourAt(pixel), i32x4.splat(weight)));
        weights += weight;
        level += <i32>load<u8>(mask);
      }
    }
    const alpha = (<f32>level * one) / 255;
    const known = (<f32>weights * one) / 255;
    const share: f32 = weights === 0 ? 0 : 1 / <f32>weights;
    const mean = f32x4.mul(f32x4.convert_i32x4_s(sums), f32x4.splat(share));
    const rest: f32 = 1 - alpha;
    const inside = known * alpha * alpha * alpha;
    const outside = known * rest * rest * rest;
    const at = means + <usize>cell * CELL_BYTES;
    v128.store(at, f32x4.replace_lane(mean, 3, alpha));
    store<f32>(at, inside, 16);
    store<f32>(at, outside, 20);
    const weighed = f32x4.replace_lane(mean, 3, 1);
    const to = sides + <usize>cell * SIDES_BYTES;
    v128.store(to, f32x4.mul(weighed, f32x4.splat(inside)));
    v128.store(to, f32x4.mul(weighed, f32x4.splat(outside)), 16);
  }
}

/**
 * Corrects the colours of both sides around the cells of a row by what they leave unexplained of each cell, and weighs them
 * again.
 */
export function estimateRow(means: usize, around: usize, sides: usize, cells: i32): void {
  for (let cell = 0; cell < cells; cell++) {
    const at = means + <usize>cell * CELL_BYTES;
    const from = around + <usize>cell * SIDES_BYTES;
    const to = sides + <usize>cell * SIDES_BYTES;
    const mean = v128.load(at);
    const alpha = f32x4.splat(load<f32>(at, 12));
    const rest = f32x4.sub(f32x4.splat(1), alpha);
    const ours = colourOf(v128.load(from));
    const theirs = colourOf(v128.load(from, 16));
    const explained = f32x4.add(f32x4.mul(alpha, ours), f32x4.mul(rest, theirs));
    const unexplained = f32x4.sub(mean, explained);
    v128.store(to, weighed(f32x4.add(ours, f32x4.mul(alpha, unexplained)), load<f32>(at, 16)));
    v128.store(to, weighed(f32x4.add(theirs, f32x4.mul(rest, unexplained)), load<f32>(at, 20)), 16);
  }
}

/** The colours of both sides, from sums of them and of their weights, in place. */
export function finishRow(sides: usize, cells: i32): void {
  for (let at = sides, end = sides + <usize>cells * SIDES_BYTES; at < end; at += 16)
    v128.store(at, colourOf(v128.load(at)));
}

function colourAt(pixel: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(pixel)));
}

function colourOf(side: v128): v128 {
  return f32x4.div(side, f32x4.splat(f32x4.extract_lane(side, 3) + LITTLE));
}

function weighed(colour: v128, weight: f32): v128 {
  const held = f32x4.pmin(f32x4.pmax(colour, f32x4.splat(0)), f32x4.splat(255));
  return f32x4.mul(f32x4.replace_lane(held, 3, 1), f32x4.splat(weight));
}
