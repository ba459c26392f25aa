/** One stage of the way of an image, in milliseconds since 1970. */
export interface StageSpan {
  readonly stage: string;
  readonly start: number;
  readonly end: number;
}

/**
 * When each stage was, from the durations in a result record: the fetch comes first, and all others follow one another
 * up to the end. What is left between the two is waiting for memory. `timings`: milliseconds, with `total`, in order.
 */
export function stageSpans(timings: Readonly<Record<string, number>>, finishedAt: number): StageSpan[] {
  const { total = 0, ...stages } = timings;
  const begin = finishedAt - total;
  let end = finishedAt;
  const spans: StageSpan[] = [];
  for (const [stage, ms] of Object.entries(stages).reverse()) {
    if (stage === 'fetch') spans.unshift({ stage, start: begin, end: begin + ms });
    else {
      spans.unshift({ stage, start: end - ms, end });
      end -= ms;
    }
  }
  return spans;
}
