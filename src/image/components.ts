import { findRuns } from './levels.js';
import type { Raster } from './resample.js';

/** Pixels next to each other in a row: places (row x width + column) from `from` to before `to`. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** Pixels that hang together by their sides. */
export interface Component {
  /** How many. */
  readonly pixels: number;
  /** In order. */
  readonly runs: readonly Run[];
}

/** The parts that the levels of a raster fall into that are at least `least`, by where they begin. */
export function findComponents(raster: Raster, least: number): Component[] {
  const { width } = raster;
  const ends = findRuns(raster, least);
  const runs: Run[] = [];
  /** For each run another of its component; a run that names itself stands for the component. */
  const parents: number[] = [];
  let above = 0;
  for (let at = 0; at < ends.length; at += 2) {
    const from = ends[at] as number;
    const to = ends[at + 1] as number;
    const run = runs.length;
    runs.push({ from, to });
    parents.push(run);
    // Those of the row above that touch it: the last may touch the next run as well.
    while ((runs[above] as Run).to + width <= from) above += 1;
    for (let other = above; other < run && (runs[other] as Run).from + width < to; other++) {
      const one = rootOf(run, parents);
      const two = rootOf(other, parents);
      // The earlier one stands for both.
      parents[Math.max(one, two)] = Math.min(one, two);
    }
  }

  const components = new Map<number, { pixels: number; runs: Run[] }>();
  for (const [index, run] of runs.entries()) {
    const root = rootOf(index, parents);
    const component = components.get(root) ?? { pixels: 0, runs: [] };
    components.set(root, component);
    component.pixels += run.to - run.from;
    component.runs.push(run);
  }
  return [...components.values()];
}

/** The run that stands for the component; those on the way there name it from then on. */
function rootOf(run: number, parents: number[]): number {
  let root = run;
  while (parents[root] !== root) root = parents[root] as number;
  for (let at = run; at !== root; ) {
    const next = parents[at] as number;
    parents[at] = root;
    at = next;
  }
  return root;
}

/** The largest of several; of two as large the one that begins first. */
export function largestOf(components: readonly Component[]): Component | undefined {
  return components.reduce<Component | undefined>(
    (largest, component) => (component.pixels > (largest?.pixels ?? 0) ? component : largest),
    undefined,
  );
}
