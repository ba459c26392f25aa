import { type Plane, SUBJECT_ABOVE } from './plane.js';

/**
 * How often each of the 256 levels of a matte occurs within the subject of the ground truth, and outside it: all that
 * the measures need that go by thresholds.
 */
export interface LevelCounts {
  readonly inside: Float64Array;
  readonly outside: Float64Array;
  /** Pixels of the subject, and of the picture. */
  readonly subject: number;
  readonly pixels: number;
}

/** Both planes have the same size. */
export function countLevels(matte: Plane, truth: Plane): LevelCounts {
  const inside = new Float64Array(256);
  const outside = new Float64Array(256);
  const { data } = matte;
  let subject = 0;
  for (let at = 0; at < data.length; at++) {
    const level = data[at] as number;
    if ((truth.data[at] as number) > SUBJECT_ABOVE) {
      inside[level] = (inside[level] as number) + 1;
      subject += 1;
    } else outside[level] = (outside[level] as number) + 1;
  }
  return { inside, outside, subject, pixels: data.length };
}

/** Pixels of a matte that are at or above a threshold: within the subject, and outside it. */
export interface Above {
  readonly inside: number;
  readonly outside: number;
}

/** For each threshold 0..255. */
export function countsAbove({ inside, outside }: LevelCounts): Above[] {
  const above: Above[] = new Array(256);
  let within = 0;
  let beyond = 0;
  for (let level = 255; level >= 0; level--) {
    within += inside[level] as number;
    beyond += outside[level] as number;
    above[level] = { inside: within, outside: beyond };
  }
  return above;
}

/** The threshold 0..255 that stands for twice the mean of the matte, the "adaptive" one of Achanta et al. (2009). */
export function adaptiveThreshold(counts: LevelCounts): number {
  const mean = sumOf(counts) / counts.pixels;
  return Math.ceil(Math.min(2 * mean, 255));
}

/** Mean absolute error, 0..1: Perazzi et al., "Saliency Filters" (CVPR 2012). */
export function meanAbsoluteError({ inside, outside, pixels }: LevelCounts): number {
  let sum = 0;
  for (let level = 0; level < 256; level++) {
    sum += (inside[level] as number) * (255 - level) + (outside[level] as number) * level;
  }
  return sum / (255 * pixels);
}

/** Intersection over union of what is at least half subject, 0..1; 1 where neither has any. */
export function intersectionOverUnion(above: readonly Above[], { subject }: LevelCounts): number {
  const { inside, outside } = above[SUBJECT_ABOVE] as Above;
  const union = subject + outside;
  return union === 0 ? 1 : inside / union;
}

function sumOf({ inside, outside }: LevelCounts): number {
  let sum = 0;
  for (let level = 0; level < 256; level++) {
    sum += level * ((inside[level] as number) + (outside[level] as number));
  }
  return sum;
}
