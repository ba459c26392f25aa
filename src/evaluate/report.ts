import type { Measures } from './summary.js';

/** One pair in a report. */
export interface PairReport {
  readonly image: string;
  readonly measures: Measures;
}

/** What measures are called for people; `Alpha` and the like are said by the heading. */
const TITLES: Readonly<Record<string, string>> = {
  mae: 'MAE (lower is better)',
  maxF: 'F-measure, largest',
  meanF: 'F-measure, mean',
  adaptiveF: 'F-measure, adaptive',
  weightedF: 'F-measure, weighted',
  s: 'S-measure',
  maxE: 'E-measure, largest',
  meanE: 'E-measure, mean',
  adaptiveE: 'E-measure, adaptive',
  iou: 'IoU',
  alphaSad: 'alpha: SAD / 1000',
  alphaMse: 'alpha: MSE',
  alphaGradient: 'alpha: gradient / 1000',
  alphaConnectivity: 'alpha: connectivity / 1000',
  bandSad: 'alpha in the band: SAD / 1000',
  bandMse: 'alpha in the band: MSE',
  bandGradient: 'alpha in the band: gradient / 1000',
  bandConnectivity: 'alpha in the band: connectivity / 1000',
  colourWhite: 'colour on white',
  colourBlack: 'colour on black',
  colourGreen: 'colour on green',
};

const DIGITS = 4;

/** The means and the worst pairs, for people. */
export function tableOf(means: Measures, pairs: readonly PairReport[], worst: readonly PairReport[]): string {
  const counts = Object.keys(means).map((name) => pairs.filter(({ measures }) => name in measures).length);
  const width = Math.max(...Object.keys(means).map((name) => titleOf(name).length));
  const lines = Object.entries(means).map(([name, mean], at) => {
    const ofSome = counts[at] === pairs.length ? '' : `  (of ${counts[at]} images)`;
    return `${titleOf(name).padEnd(width)}  ${fixed(mean).padStart(9)}${ofSome}`;
  });
  const furthest = worst.map(({ image, measures }) => `  ${fixed(measures['mae'] ?? 0)}  ${image}`);
  return [...lines, '', 'largest MAE:', ...furthest].join('\n');
}

/** One line for each pair, after RFC 4180; measures that a pair lacks are empty. */
export function csvOf(pairs: readonly PairReport[]): string {
  const names = Object.keys(TITLES).filter((name) => pairs.some(({ measures }) => name in measures));
  const rows = pairs.map(({ image, measures }) => [
    quoted(image),
    ...names.map((name) => measures[name]?.toString() ?? ''),
  ]);
  return [['image', ...names], ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

function titleOf(name: string): string {
  return TITLES[name] ?? name;
}

function fixed(value: number): string {
  return value.toFixed(DIGITS);
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
