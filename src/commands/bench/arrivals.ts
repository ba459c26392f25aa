import { seededStream } from '../../seeded-random.js';

export interface ArrivalOptions {
  readonly count: number;
  /** Arrivals a second, on average; 0 lets all arrive at once. */
  readonly rate: number;
  readonly seed: string;
}

/**
 * When each image arrives, in milliseconds, ascending: a Poisson process, as uploads of many people who know nothing of
 * each other are one, that has exactly `count` arrivals in the time they take on average (which is what makes them
 * spread evenly at random). They never wait for results: a pipeline that is too slow falls behind, as it would in earnest.
 */
export function arrivalTimes({ count, rate, seed }: ArrivalOptions): number[] {
  const random = seededStream(`arrivals ${seed}`);
  const span = rate === 0 ? 0 : (1000 * count) / rate;
  return Array.from({ length: count }, () => span * random.next()).sort((a, b) => a - b);
}
