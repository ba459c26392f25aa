import { seededRandom } from '../../seeded-random.js';

/** Ways in which pictures arrive. `rate` is the mean over the whole run, in pictures a second. */
export const PATTERNS = ['steady', 'poisson', 'bursty', 'groups', 'overload'] as const;
export type Pattern = (typeof PATTERNS)[number];

export interface ArrivalOptions {
  readonly pattern: Pattern;
  readonly rate: number;
  readonly count: number;
  readonly seed: number;
}

/** Pictures of a group, at least and at most: an upload of several files. */
const GROUP = { least: 2, most: 12 };
/** Milliseconds within which the pictures of a group arrive. */
const GROUP_SPREAD = 4;
/** Pictures of a burst, on average, and how much faster than the mean rate they come. */
const BURST = { pictures: 40, factor: 4 };
/** Of the overload pattern: the slowest and the fastest moment, as factors of the mean rate. */
const RAMP = { low: 0.4, high: 2 };

/** When each picture arrives, in milliseconds from the start, ascending; the same for the same options. */
export function arrivals({ pattern, rate, count, seed }: ArrivalOptions): number[] {
  const random = seededRandom(seed);
  const meanGap = 1000 / rate;
  const exponential = (mean: number) => -mean * Math.log(1 - random());
  const times: number[] = [];
  let now = exponential(meanGap);

  if (pattern === 'steady') return Array.from({ length: count }, (_, index) => now + index * meanGap);

  if (pattern === 'groups') {
    while (times.length < count) {
      const size = GROUP.least + Math.floor(random() * (GROUP.most - GROUP.least + 1));
      for (let i = 0; i < size; i += 1) times.push(now + random() * GROUP_SPREAD);
      now += exponential((meanGap * (GROUP.least + GROUP.most)) / 2);
    }
    return times.sort((a, b) => a - b).slice(0, count);
  }

  if (pattern === 'bursty') {
    const gapInBurst = meanGap / BURST.factor;
    const pause = BURST.pictures * (meanGap - gapInBurst);
    while (times.length < count) {
      const size = 1 + Math.floor(exponential(BURST.pictures));
      for (let i = 0; i < size && times.length < count; i += 1) {
        times.push(now);
        now += exponential(gapInBurst);
      }
      now += exponential(pause);
    }
    return times;
  }

  // Poisson, and for the overload pattern a rate that climbs to its height in the middle and falls again: the
  // pauses of a unit-rate Poisson process, stretched by the rate of the moment.
  for (let index = 0; index < count; index += 1) {
    times.push(now);
    const progress = index / count;
    const factor =
      pattern === 'poisson' ? 1 : RAMP.low + (RAMP.high - RAMP.low) * (1 - Math.abs(2 * progress - 1));
    now += exponential(meanGap / factor);
  }
  return times;
}
