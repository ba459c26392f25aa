import { EPSILON } from './plane.js';
import type { Above, LevelCounts } from './threshold-counts.js';

/**
 * Enhanced-alignment measure at one threshold, 0..1: Fan et al., "Enhanced-alignment Measure for Binary Foreground Map
 * Evaluation" (IJCAI 2018). A pixel's alignment depends on nothing but whether it is subject in the matte and in the
 * truth, so four kinds of pixels are counted instead of looked at.
 */
export function eMeasure({ inside, outside }: Above, { subject, pixels }: LevelCounts): number {
  const found = inside + outside;
  const divisor = pixels - 1 + EPSILON;
  if (subject === 0) return (pixels - found) / divisor;
  if (subject === pixels) return found / divisor;
  const meanFound = found / pixels;
  const meanSubject = subject / pixels;
  const missed = subject - inside;
  const sum =
    inside * enhancedAlignment(1 - meanFound, 1 - meanSubject) +
    outside * enhancedAlignment(1 - meanFound, -meanSubject) +
    missed * enhancedAlignment(-meanFound, 1 - meanSubject) +
    (pixels - found - missed) * enhancedAlignment(-meanFound, -meanSubject);
  return sum / divisor;
}

function enhancedAlignment(found: number, subject: number): number {
  const alignment = (2 * found * subject) / (found ** 2 + subject ** 2 + EPSILON);
  return (alignment + 1) ** 2 / 4;
}
