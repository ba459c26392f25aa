import { EPSILON, type Plane, SUBJECT_ABOVE } from './plane.js';
import type { LevelCounts } from './threshold-counts.js';

/**
 * Structure measure, 0..1: Fan et al., "Structure-measure: A New Way to Evaluate Foreground Maps" (ICCV 2017), half of it
 * of the object and half of the four regions around the subject's centre.
 */
export function sMeasure(matte: Plane, truth: Plane, counts: LevelCounts): number {
  const share = counts.subject / counts.pixels;
  if (share === 0) return 1 - meanOf([counts.outside], counts.pixels);
  if (share === 1) return meanOf([counts.inside], counts.pixels);
  return Math.max(0, (objectScore(counts) + regionScore(matte, truth)) / 2);
}

function objectScore({ inside, outside, subject, pixels }: LevelCounts): number {
  const share = subject / pixels;
  return (
    share * similarity(inside, subject) + (1 - share) * similarity(outside.toReversed(), pixels - subject)
  );
}

/** Of one part with its ideal, where every value is 1. */
function similarity(levels: Float64Array, pixels: number): number {
  const mean = meanOf([levels], pixels);
  let squares = 0;
  for (const [level, count] of levels.entries()) squares += count * (level / 255 - mean) ** 2;
  const deviation = pixels > 1 ? Math.sqrt(squares / (pixels - 1)) : 0;
  return (2 * mean) / (mean ** 2 + 1 + deviation + EPSILON);
}

function meanOf(counts: readonly Float64Array[], pixels: number): number {
  let sum = 0;
  for (const levels of counts) for (const [level, count] of levels.entries()) sum += level * count;
  return sum / (255 * pixels);
}

function regionScore(matte: Plane, truth: Plane): number {
  const { width, height } = truth;
  const centre = centreOf(truth);
  // One behind the centre, as MATLAB's 1:X includes X.
  const right = centre.x + 1;
  const below = centre.y + 1;
  let score = 0;
  for (const [top, bottom] of [
    [0, below],
    [below, height],
  ] as const) {
    for (const [left, end] of [
      [0, right],
      [right, width],
    ] as const) {
      const share = ((bottom - top) * (end - left)) / (width * height);
      if (share > 0) score += share * structuralSimilarity(matte, truth, left, top, end, bottom);
    }
  }
  return score;
}

function centreOf({ data, width, height }: Plane): { x: number; y: number } {
  let pixels = 0;
  let sumX = 0;
  let sumY = 0;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if ((data[at] as number) <= SUBJECT_ABOVE) continue;
      pixels += 1;
      sumX += x;
      sumY += y;
    }
  }
  return { x: Math.round(sumX / pixels), y: Math.round(sumY / pixels) };
}

/** Without the constants of SSIM, over one rectangle. */
function structuralSimilarity(
  matte: Plane,
  truth: Plane,
  left: number,
  top: number,
  right: number,
  bottom: number,
): number {
  const { width } = matte;
  const first = top * width + left;
  // Sums are of differences from the first pixel, so that what is even has a variance of exactly 0.
  const firstLevel = matte.data[first] as number;
  const firstTruth = (truth.data[first] as number) > SUBJECT_ABOVE ? 1 : 0;
  let sum = 0;
  let squares = 0;
  let sumTruth = 0;
  let squaresTruth = 0;
  let products = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left, at = y * width + left; x < right; x++, at++) {
      const level = (matte.data[at] as number) - firstLevel;
      const subject = ((truth.data[at] as number) > SUBJECT_ABOVE ? 1 : 0) - firstTruth;
      sum += level;
      squares += level * level;
      sumTruth += subject;
      squaresTruth += subject * subject;
      products += level * subject;
    }
  }
  const pixels = (right - left) * (bottom - top);
  const divisor = pixels - 1 + EPSILON;
  const mean = (firstLevel + sum / pixels) / 255;
  const meanTruth = firstTruth + sumTruth / pixels;
  const variance = (squares - (sum * sum) / pixels) / divisor / 255 ** 2;
  const varianceTruth = (squaresTruth - (sumTruth * sumTruth) / pixels) / divisor;
  const covariance = (products - (sum * sumTruth) / pixels) / divisor / 255;
  const likeness = 4 * mean * meanTruth * covariance;
  const bound = (mean ** 2 + meanTruth ** 2) * (variance + varianceTruth);
  if (likeness !== 0) return likeness / (bound + EPSILON);
  return bound === 0 ? 1 : 0;
}
