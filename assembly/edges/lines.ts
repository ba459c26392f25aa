// For cells, the linear function of a colour that tells subject from background best.
import { MOMENTS_BYTES } from './moments';

/**
 * What red, green and blue are multiplied by, what is added, and how far apart the sides are; trust.ts puts there how far
 * the line is trusted.
 */
export const LINE_BYTES: usize = 20;

/** Variance that every colour has, of noise and of compression. */
const NOISE: f64 = 40;
/** Keeps a side that is nowhere from a division by nothing. */
const LITTLE: f64 = 1e-6;

/** The lines of the wanted cells of a row, from the sums of moments around them. */
export function separateRow(sums: usize, wanted: usize, columns: i32, lines: usize): void {
  for (let x = 0; x < columns; x++) {
    if (load<u8>(wanted + x) === 0) continue;
    separate(sums + <usize>x * MOMENTS_BYTES, lines + <usize>x * LINE_BYTES);
  }
}

/** The products of colours cancel one another, so single precision would not do. */
function separate(sums: usize, line: usize): void {
  const ours = 1 / (<f64>load<f32>(sums, 12) + LITTLE);
  const theirs = 1 / (<f64>load<f32>(sums, 60) + LITTLE);
  const f0 = <f64>load<f32>(sums) * ours;
  const f1 = <f64>load<f32>(sums, 4) * ours;
  const f2 = <f64>load<f32>(sums, 8) * ours;
  const b0 = <f64>load<f32>(sums, 48) * theirs;
  const b1 = <f64>load<f32>(sums, 52) * theirs;
  const b2 = <f64>load<f32>(sums, 56) * theirs;
  const c00 =
    (<f64>load<f32>(sums, 16) * ours - f0 * f0 + <f64>load<f32>(sums, 64) * theirs - b0 * b0) / 2 + NOISE;
  const c11 =
    (<f64>load<f32>(sums, 20) * ours - f1 * f1 + <f64>load<f32>(sums, 68) * theirs - b1 * b1) / 2 + NOISE;
  const c22 =
    (<f64>load<f32>(sums, 24) * ours - f2 * f2 + <f64>load<f32>(sums, 72) * theirs - b2 * b2) / 2 + NOISE;
  const c01 = (<f64>load<f32>(sums, 32) * ours - f0 * f1 + <f64>load<f32>(sums, 28) * theirs - b0 * b1) / 2;
  const c12 = (<f64>load<f32>(sums, 36) * ours - f1 * f2 + <f64>load<f32>(sums, 44) * theirs - b1 * b2) / 2;
  const c02 = (<f64>load<f32>(sums, 40) * ours - f0 * f2 + <f64>load<f32>(sums, 76) * theirs - b0 * b2) / 2;
  const d0 = f0 - b0;
  const d1 = f1 - b1;
  const d2 = f2 - b2;
  const i00 = c11 * c22 - c12 * c12;
  const i01 = c02 * c12 - c01 * c22;
  const i02 = c01 * c12 - c02 * c11;
  const i11 = c00 * c22 - c02 * c02;
  const i12 = c01 * c02 - c00 * c12;
  const i22 = c00 * c11 - c01 * c01;
  const share = 1 / (c00 * i00 + c01 * i01 + c02 * i02);
  const w0 = (i00 * d0 + i01 * d1 + i02 * d2) * share;
  const w1 = (i01 * d0 + i11 * d1 + i12 * d2) * share;
  const w2 = (i02 * d0 + i12 * d1 + i22 * d2) * share;
  const apart = w0 * d0 + w1 * d1 + w2 * d2;
  const scale = 1 / (apart + LITTLE);
  store<f32>(line, <f32>(w0 * scale));
  store<f32>(line, <f32>(w1 * scale), 4);
  store<f32>(line, <f32>(w2 * scale), 8);
  store<f32>(line, <f32>(-(w0 * b0 + w1 * b1 + w2 * b2) * scale), 12);
  store<f32>(line, <f32>apart, 16);
}
