/** Pixels next to each other in a row: places (row x width + column) from `from` to before `to`. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/**
 * The largest set of pixels that hang together by their sides, as runs in order; of two as large the one that begins
 * first. Empty where no pixel is set.
 */
export function largestComponent(isSet: (at: number) => boolean, width: number, height: number): Run[] {
  const runs: Run[] = [];
  /** For each run another of its component; a run that names itself stands for the component. */
  const parents: number[] = [];
  const rootOf = (run: number): number => {
    let root = run;
    while (parents[root] !== root) root = parents[root] as number;
    for (let at = run; at !== root; ) {
      const next = parents[at] as number;
      parents[at] = root;
      at = next;
    }
    return root;
  };

  let above = 0;
  for (let y = 0; y < height; y++) {
    const end = (y + 1) * width;
    const firstOfRow = runs.length;
    for (let at = y * width; at < end; ) {
      if (!isSet(at)) {
        at += 1;
        continue;
      }
      const from = at;
      while (at < end && isSet(at)) at += 1;
      const run = runs.length;
      runs.push({ from, to: at });
      parents.push(run);
      // Those of the row above that touch it: the last may touch the next run as well.
      while (above < firstOfRow && (runs[above] as Run).to + width <= from) above += 1;
      for (let other = above; other < firstOfRow && (runs[other] as Run).from + width < at; other++) {
        const one = rootOf(run);
        const two = rootOf(other);
        // The earlier one stands for both.
        parents[Math.max(one, two)] = Math.min(one, two);
      }
    }
    above = firstOfRow;
  }

  const sizes = new Float64Array(runs.length);
  let largest = 0;
  for (const [run, { from, to }] of runs.entries()) {
    const root = rootOf(run);
    sizes[root] = (sizes[root] as number) + to - from;
  }
  for (const [root, size] of sizes.entries()) if (size > (sizes[largest] as number)) largest = root;
  return runs.filter((_, run) => rootOf(run) === largest);
}
