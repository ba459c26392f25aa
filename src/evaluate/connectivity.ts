import { findComponents, largestOf } from '../image/components.js';
import type { Within } from './alpha-errors.js';
import type { Plane } from './plane.js';

/** Thresholds are a tenth apart. */
const STEPS = 10;
/** Smaller distances from the connected part count as none. */
const TOLERATED = 0.15;

/**
 * Connectivity error in thousands (Rhemann et al., 2009, with theta = 0.15, p = 1 and steps of 0.1). At each threshold the
 * largest part that matte and truth share is what hangs together; a pixel's alpha counts from where it parts with it.
 */
export function connectivityError(matte: Plane, truth: Plane, within: Within): number {
  const { width, height } = truth;
  const shared = truth.data.map((level, at) => Math.min(level, matte.data[at] as number));
  // How many thresholds in turn each pixel hangs together with the rest.
  const steps = new Uint8Array(shared.length);
  for (let step = 1; step <= STEPS; step++) {
    const lowest = (step * 255) / STEPS;
    const components = findComponents({ data: shared, width, height }, lowest);
    for (const { from, to } of largestOf(components)?.runs ?? []) {
      for (let at = from; at < to; at++) if (steps[at] === step - 1) steps[at] = step;
    }
  }
  let sum = 0;
  for (let at = 0; at < shared.length; at++) {
    if (within !== undefined && !within(at)) continue;
    const level = (steps[at] as number) / STEPS;
    sum += Math.abs(
      connectedness((matte.data[at] as number) / 255 - level) -
        connectedness((truth.data[at] as number) / 255 - level),
    );
  }
  return sum / 1000;
}

function connectedness(distance: number): number {
  return distance >= TOLERATED ? 1 - distance : 1;
}
