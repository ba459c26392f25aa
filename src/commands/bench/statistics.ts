import { createHistogram } from 'node:perf_hooks';

/** Of times in milliseconds. */
export interface Distribution {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** The histogram counts whole microseconds and keeps three digits of each. */
const MICROSECONDS = 1000;

/** Undefined where there are no times. */
export function distributionOf(times: readonly number[]): Distribution | undefined {
  if (times.length === 0) return undefined;
  const histogram = createHistogram({ figures: 3 });
  for (const time of times) histogram.record(Math.max(1, Math.round(time * MICROSECONDS)));
  const percentile = (share: number) => histogram.percentile(share) / MICROSECONDS;
  return {
    mean: histogram.mean / MICROSECONDS,
    p50: percentile(50),
    p95: percentile(95),
    p99: percentile(99),
    max: histogram.max / MICROSECONDS,
  };
}

/** What a thousand images cost on a machine of this price an hour, kept as busy as it was. */
export function costPerThousand(pricePerHour: number, imagesPerSecond: number): number {
  return (1000 * pricePerHour) / (imagesPerSecond * 3600);
}
