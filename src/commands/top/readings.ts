import type { Sample, Scrape } from './scrape.js';

/** What is read from the scrapes of one or more processes: sums of now, and changes since the scrapes before. */
export interface Readings {
  /** Sum over all processes and labels, or those with these labels; 0 where there is none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
  /** Change a second of a counter since the earlier scrapes. */
  rate(name: string, labels?: Readonly<Record<string, string>>): number;
  /** Values of a label with the sum of each, the largest first. */
  by(name: string, label: string): Array<[value: string, sum: number]>;
  /** Values of a label with the largest sample of each: for what several processes all tell of one shared thing. */
  largestBy(name: string, label: string): Array<[value: string, largest: number]>;
  /** The largest sample. */
  max(name: string, labels?: Readonly<Record<string, string>>): number;
  /** Estimates quantiles (0..1) of a histogram from what came since the earlier scrapes, or ever if nothing did. */
  quantiles(name: string, wanted: readonly number[]): number[] | undefined;
  /** Mean of what a histogram saw since then, or ever. */
  mean(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

/** One process, now and before; before is absent where it was not there, or has started since. */
export interface Pair {
  readonly now: Scrape;
  readonly before?: Scrape | undefined;
}

export function readingsOf(pairs: readonly Pair[]): Readings {
  const samplesOf = (scrape: Scrape | undefined, name: string, labels: Readonly<Record<string, string>>) =>
    (scrape?.samples.get(name) ?? []).filter((sample) => has(sample, labels));
  const total = (samples: readonly Sample[]) => samples.reduce((sum, { value }) => sum + value, 0);
  const all = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    pairs.flatMap(({ now }) => samplesOf(now, name, labels));

  function changes(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return pairs.reduce((sum, { now, before }) => {
      const change = total(samplesOf(now, name, labels)) - total(samplesOf(before, name, labels));
      return sum + change;
    }, 0);
  }

  /** Cumulative counts of a histogram by the upper bounds of its buckets. */
  function buckets(name: string): Array<[bound: number, count: number]> {
    const bounds = new Set(all(`${name}_bucket`).map(({ labels }) => labels['le'] ?? ''));
    const counted = [...bounds].map((le) => {
      const isNew = changes(`${name}_count`) > 0;
      const count = isNew ? changes(`${name}_bucket`, { le }) : total(all(`${name}_bucket`, { le }));
      return [le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count] as [number, number];
    });
    return counted.sort(([one], [other]) => one - other);
  }

  return {
    sum: (name, labels) => total(all(name, labels)),
    rate(name, labels = {}) {
      return pairs.reduce((sum, { now, before }) => {
        const change = total(samplesOf(now, name, labels)) - total(samplesOf(before, name, labels));
        return sum + change / Math.max(secondsOf({ now, before }), 0.001);
      }, 0);
    },
    by: (name, label) => grouped(all(name), label, (one, other) => one + other),
    largestBy: (name, label) => grouped(all(name), label, Math.max),
    max: (name, labels) => all(name, labels).reduce((most, { value }) => Math.max(most, value), 0),
    quantiles(name, wanted) {
      const counts = buckets(name);
      const count = counts.at(-1)?.[1] ?? 0;
      return count === 0 ? undefined : wanted.map((quantile) => quantileOf(counts, quantile * count));
    },
    mean(name, labels) {
      const change = changes(`${name}_count`, labels);
      if (change > 0) return changes(`${name}_sum`, labels) / change;
      const count = total(all(`${name}_count`, labels));
      return count === 0 ? undefined : total(all(`${name}_sum`, labels)) / count;
    },
  };
}

/** Seconds between the two scrapes, or since the process started. */
function secondsOf({ now, before }: Pair): number {
  if (before !== undefined) return now.time - before.time;
  return now.time - (now.samples.get('process_start_time_seconds')?.[0]?.value ?? now.time);
}

function grouped(
  samples: readonly Sample[],
  label: string,
  join: (one: number, other: number) => number,
): Array<[value: string, joined: number]> {
  const groups = new Map<string, number>();
  for (const { labels, value } of samples) {
    const group = labels[label] ?? '';
    groups.set(group, join(groups.get(group) ?? 0, value));
  }
  return [...groups].sort(([, one], [, other]) => other - one);
}

function has({ labels }: Sample, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** Within its bucket the values are taken to be spread evenly, as Prometheus does. */
function quantileOf(counts: ReadonlyArray<[bound: number, count: number]>, rank: number): number {
  let lower = 0;
  let below = 0;
  for (const [bound, count] of counts) {
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lower;
      return lower + ((bound - lower) * (rank - below)) / Math.max(count - below, 1);
    }
    lower = bound;
    below = count;
  }
  return lower;
}
