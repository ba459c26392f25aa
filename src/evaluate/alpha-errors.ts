import { connectivityError } from './connectivity.js';
import { gradientError } from './gradient.js';
import type { Plane } from './plane.js';

/**
 * The four errors of alpha matting: Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting" (CVPR
 * 2009), with the factors that papers have used since Xu et al., "Deep Image Matting" (CVPR 2017). Lower is better.
 */
export interface AlphaErrors {
  /** Sum of absolute differences of the alphas (0..1), in thousands. */
  readonly sad: number;
  /** Mean squared difference of the alphas (0..1). */
  readonly mse: number;
  /** In thousands. */
  readonly gradient: number;
  /** In thousands. */
  readonly connectivity: number;
}

/** In a trimap: neither background (0) nor subject (255). */
const UNKNOWN = { from: 1, to: 254 };

/** Over the whole picture. Both planes have the same size. */
export function alphaErrors(matte: Plane, truth: Plane): AlphaErrors {
  return errorsWithin(matte, truth, undefined);
}

/**
 * Over the unknown band of a trimap alone. What the trimap knows is put into the matte first, as the benchmark does:
 * a method that was given a trimap is not blamed for anything beyond it.
 */
export function alphaErrorsInBand(matte: Plane, truth: Plane, trimap: Plane): AlphaErrors {
  const data = Uint8Array.from(matte.data, (level, at) => {
    const known = trimap.data[at] as number;
    return known < UNKNOWN.from || known > UNKNOWN.to ? known : level;
  });
  return errorsWithin({ ...matte, data }, truth, (at) => {
    const known = trimap.data[at] as number;
    return known >= UNKNOWN.from && known <= UNKNOWN.to;
  });
}

/** Which pixels an error is summed over; undefined for all. */
export type Within = ((at: number) => boolean) | undefined;

function errorsWithin(matte: Plane, truth: Plane, within: Within): AlphaErrors {
  let pixels = 0;
  let absolute = 0;
  let squares = 0;
  for (let at = 0; at < truth.data.length; at++) {
    if (within !== undefined && !within(at)) continue;
    const difference = (matte.data[at] as number) - (truth.data[at] as number);
    pixels += 1;
    absolute += Math.abs(difference);
    squares += difference * difference;
  }
  return {
    sad: absolute / 255 / 1000,
    mse: pixels === 0 ? 0 : squares / 255 ** 2 / pixels,
    gradient: gradientError(matte, truth, within),
    connectivity: connectivityError(matte, truth, within),
  };
}
