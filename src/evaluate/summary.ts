import type { Scores } from './scores.js';

/** Measures by the names they have in tables, CSV and JSON. */
export type Measures = Readonly<Record<string, number>>;

/** All of one pair's measures in one list: `alphaSad`, `bandSad`, `colourWhite` and so on where they were taken. */
export function measuresOf({ subject, alpha, band, colour }: Scores): Measures {
  return {
    ...subject,
    ...withPrefix('alpha', alpha),
    ...withPrefix('band', band),
    ...withPrefix('colour', colour),
  };
}

/**
 * The means over all pairs, each measure over those that have it. The largest and the mean F- and E-measure are those of
 * the mean curve, as in the literature: one threshold for the whole set.
 */
export function meansOf(pairs: readonly Scores[]): Measures {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const pair of pairs) {
    for (const [name, value] of Object.entries(measuresOf(pair))) {
      const { sum, count } = sums.get(name) ?? { sum: 0, count: 0 };
      sums.set(name, { sum: sum + value, count: count + 1 });
    }
  }
  const means = Object.fromEntries([...sums].map(([name, { sum, count }]) => [name, sum / count]));
  if (pairs.length === 0) return means;
  return {
    ...means,
    maxF: Math.max(...meanCurve(pairs.map(({ curves }) => curves.f))),
    maxE: Math.max(...meanCurve(pairs.map(({ curves }) => curves.e))),
  };
}

function meanCurve(curves: ReadonlyArray<readonly number[]>): number[] {
  return Array.from(
    { length: 256 },
    (_, at) => curves.reduce((sum, curve) => sum + (curve[at] as number), 0) / curves.length,
  );
}

function withPrefix(prefix: string, values: object | undefined): Measures {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [
      `${prefix}${name[0]?.toUpperCase()}${name.slice(1)}`,
      value,
    ]),
  );
}
