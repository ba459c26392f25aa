import type { Within } from './alpha-errors.js';
import type { Plane } from './plane.js';

const SIGMA = 1.4;
/** Where the Gaussian falls below this it is cut off. */
const NEGLIGIBLE = 0.01;
const REACH = Math.ceil(SIGMA * Math.sqrt(-2 * Math.log(Math.sqrt(2 * Math.PI) * SIGMA * NEGLIGIBLE)));
const SIZE = 2 * REACH + 1;

const SMOOTH = Float64Array.from({ length: SIZE }, (_, at) => gaussian(at - REACH));
const SLOPE = Float64Array.from(
  { length: SIZE },
  (_, at) => (-(at - REACH) / SIGMA ** 2) * gaussian(at - REACH),
);
/** The two-dimensional filter, which is the product of both, has a length of 1. */
const NORM = Math.hypot(...SMOOTH) * Math.hypot(...SLOPE);

/**
 * Gradient error in thousands: the squared differences of the magnitudes of the gradients, which are taken with the
 * derivative of a Gaussian of sigma 1.4 (Rhemann et al., 2009). Alphas are 0..1; beyond the border they go on.
 */
export function gradientError(matte: Plane, truth: Plane, within: Within): number {
  const { width, height } = truth;
  const ofMatte = gradientRows(matte);
  const ofTruth = gradientRows(truth);
  let sum = 0;
  for (let y = 0; y < height; y++) {
    const one = ofMatte(y);
    const other = ofTruth(y);
    for (let x = 0; x < width; x++) {
      if (within !== undefined && !within(y * width + x)) continue;
      sum += ((one[x] as number) - (other[x] as number)) ** 2;
    }
  }
  return sum / 1000;
}

/** The magnitudes of the gradient, a row at a time; rows are asked for in order. The row is good until the next. */
function gradientRows({ data, width, height }: Plane): (y: number) => Float64Array {
  // Rows filtered across, kept as long as a row below may need them.
  const smooth = Array.from({ length: SIZE }, () => new Float64Array(width));
  const slope = Array.from({ length: SIZE }, () => new Float64Array(width));
  const padded = new Float64Array(width + 2 * REACH);
  const horizontal = new Float64Array(width);
  const vertical = new Float64Array(width);
  let done = -1;

  function filterRow(y: number): void {
    for (let x = -REACH; x < width + REACH; x++) {
      padded[x + REACH] = (data[y * width + Math.min(Math.max(x, 0), width - 1)] as number) / 255;
    }
    const smoothed = smooth[y % SIZE] as Float64Array;
    const sloped = slope[y % SIZE] as Float64Array;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      let change = 0;
      for (let tap = 0; tap < SIZE; tap++) {
        const value = padded[x + tap] as number;
        sum += (SMOOTH[tap] as number) * value;
        change += (SLOPE[tap] as number) * value;
      }
      smoothed[x] = sum;
      sloped[x] = change;
    }
  }

  return (y) => {
    while (done < Math.min(y + REACH, height - 1)) filterRow(++done);
    horizontal.fill(0);
    vertical.fill(0);
    for (let tap = 0; tap < SIZE; tap++) {
      const row = Math.min(Math.max(y + tap - REACH, 0), height - 1) % SIZE;
      const sloped = slope[row] as Float64Array;
      const smoothed = smooth[row] as Float64Array;
      const across = (SMOOTH[tap] as number) / NORM;
      const down = (SLOPE[tap] as number) / NORM;
      for (let x = 0; x < width; x++) {
        horizontal[x] = (horizontal[x] as number) + across * (sloped[x] as number);
        vertical[x] = (vertical[x] as number) + down * (smoothed[x] as number);
      }
    }
    for (let x = 0; x < width; x++) {
      const across = horizontal[x] as number;
      const down = vertical[x] as number;
      horizontal[x] = Math.sqrt(across * across + down * down);
    }
    return horizontal;
  };
}

function gaussian(x: number): number {
  return Math.exp(-(x ** 2) / (2 * SIGMA ** 2)) / (SIGMA * Math.sqrt(2 * Math.PI));
}
