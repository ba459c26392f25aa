import type { Above, LevelCounts } from './threshold-counts.js';

/** Precision counts more than recall, as everywhere in the literature. */
const BETA_SQUARED = 0.3;

/**
 * F-measure at one threshold, 0..1, with beta^2 = 0.3: Achanta et al., "Frequency-tuned Salient Region Detection"
 * (CVPR 2009). 0 where the truth has no subject.
 */
export function fMeasure({ inside, outside }: Above, { subject }: LevelCounts): number {
  if (inside === 0) return 0;
  const precision = inside / (inside + outside);
  const recall = inside / subject;
  return ((1 + BETA_SQUARED) * precision * recall) / (BETA_SQUARED * precision + recall);
}
