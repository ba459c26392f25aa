import { seededRandom } from './random.js';

export interface ArrivalOptions {
  readonly count: number;
  /** Arrivals a second, on average; 0 lets all arrive at once. */
  readonly rate: number;
  readonly seed: string;
}

/**
 * When each image arrives, in milliseconds from the first, ascending: a Poisson process, as uploads of many people
 * who know nothing of each other are one. The arrivals never wait for the results: a pipeline that is too slow falls
 * behind, as it would in earnest.
 */
export function arrivalTimes({ count, rate, seed }: ArrivalOptions): number[] {
  const random = seededRandom(`arrivals ${seed}`);
  let time = 0;
  return Array.from({ length: count }, (_, at) => {
    if (at > 0 && rate > 0) time -= (1000 / rate) * Math.log(1 - random.next());
    return time;
  });
}
