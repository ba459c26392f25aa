import { nearestSet } from './nearest-subject.js';
import { EPSILON, type Plane, SUBJECT_ABOVE } from './plane.js';

/** Of the window over which errors within the subject are evened out: fspecial('gaussian', 7, 5). */
const WINDOW = 7;
const SIGMA = 5;

/**
 * Weighted F-measure, 0..1: Margolin et al., "How to Evaluate Foreground Maps?" (CVPR 2014), with beta = 1. Errors count
 * less where the neighbourhood is right, and more the further they are from the subject. 0 where the truth has none.
 */
export function weightedFMeasure(matte: Plane, truth: Plane): number {
  const { width, height } = truth;
  const isSubject = (at: number) => (truth.data[at] as number) > SUBJECT_ABOVE;
  let subject = 0;
  for (let at = 0; at < truth.data.length; at++) if (isSubject(at)) subject += 1;
  if (subject === 0) return 0;

  const nearest = nearestSet(isSubject, width, height);
  const errorAt = (at: number) => Math.abs((matte.data[at] as number) - (isSubject(at) ? 255 : 0)) / 255;
  // Outside, the error of the nearest pixel of the subject: what lies beyond its edge must not count at the edge.
  const errors = Float64Array.from(nearest, errorAt);
  const evened = blur(errors, width, height);

  let within = 0;
  let beyond = 0;
  for (let at = 0; at < nearest.length; at++) {
    const error = errorAt(at);
    const place = nearest[at] as number;
    if (place === at) {
      within += Math.min(error, evened[at] as number);
      continue;
    }
    if (error === 0) continue;
    const down = Math.floor(at / width) - Math.floor(place / width);
    const across = (at % width) - (place % width);
    beyond += error * (2 - Math.exp((Math.log(0.5) / 5) * Math.hypot(down, across)));
  }
  const hits = subject - within;
  const recall = 1 - within / subject;
  const precision = hits / (hits + beyond + EPSILON);
  return (2 * recall * precision) / (recall + precision + EPSILON);
}

/** A Gaussian window; what is beyond the border counts as 0. */
function blur(values: Float64Array, width: number, height: number): Float64Array {
  const reach = (WINDOW - 1) / 2;
  const taps = Array.from({ length: WINDOW }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * SIGMA ** 2)));
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  const across = new Float64Array(values.length);
  for (const [at, tap] of taps.entries()) {
    const offset = at - reach;
    const weight = tap / total;
    const from = Math.max(0, -offset);
    const to = Math.min(width, width - offset);
    for (let row = 0; row < values.length; row += width) {
      for (let place = row + from; place < row + to; place++) {
        across[place] = (across[place] as number) + weight * (values[place + offset] as number);
      }
    }
  }
  const down = new Float64Array(values.length);
  for (const [at, tap] of taps.entries()) {
    const offset = at - reach;
    const weight = tap / total;
    const to = Math.min(height, height - offset) * width;
    for (let place = Math.max(0, -offset) * width; place < to; place++) {
      down[place] = (down[place] as number) + weight * (across[place + offset * width] as number);
    }
  }
  return down;
}
