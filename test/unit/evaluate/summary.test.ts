import { describe, expect, it } from 'vitest';
import { csvOf, tableOf } from '../../../src/evaluate/report.js';
import { scoresOf } from '../../../src/evaluate/scores.js';
import { meansOf, measuresOf } from '../../../src/evaluate/summary.js';
import { drawFields } from './fields.js';

const fields = drawFields();
const near = scoresOf({ ...fieldOf('near'), isAlpha: false });
const hair = scoresOf({ ...fieldOf('hair'), isAlpha: true });

function fieldOf(name: string) {
  const field = fields[name];
  if (field === undefined) throw new Error(`no field ${name}`);
  return field;
}

describe('meansOf', () => {
  it('is the mean of each measure over the pairs that have it', () => {
    const means = meansOf([near, hair]);
    expect(means['mae']).toBeCloseTo((near.subject.mae + hair.subject.mae) / 2, 12);
    expect(means['alphaSad']).toBe(hair.alpha?.sad);
    expect('bandSad' in means).toBe(false);
  });

  it('takes the largest F- and E-measure at one threshold for all', () => {
    const means = meansOf([near, hair]);
    const at = (threshold: number) => ((near.curves.f[threshold] ?? 0) + (hair.curves.f[threshold] ?? 0)) / 2;
    expect(means['maxF']).toBe(Math.max(...Array.from({ length: 256 }, (_, threshold) => at(threshold))));
    expect(means['maxF']).toBeLessThan((near.subject.maxF + hair.subject.maxF) / 2);
    expect(means['meanF']).toBeCloseTo((near.subject.meanF + hair.subject.meanF) / 2, 12);
  });

  it('is empty without pairs', () => {
    expect(meansOf([])).toEqual({});
  });
});

const reports = [
  { image: 'a "b", c.jpg', measures: measuresOf(near) },
  { image: 'hair.png', measures: measuresOf(hair) },
];

it('a CSV file has a column for each measure, and quotes what it must', () => {
  const [head, first, second] = csvOf(reports).split('\r\n');
  const columns = head?.split(',') ?? [];
  expect(columns.slice(0, 3)).toEqual(['image', 'mae', 'maxF']);
  expect(first?.startsWith('"a ""b"", c.jpg",')).toBe(true);
  const value = (line: string | undefined, name: string) =>
    line?.split(',').at(columns.indexOf(name) - columns.length);
  expect(value(first, 'alphaSad')).toBe('');
  expect(Number(value(second, 'alphaSad'))).toBe(hair.alpha?.sad);
});

it('the table says which measures only some images have', () => {
  const table = tableOf(meansOf([near, hair]), reports, reports.slice(1));
  expect(table).toMatch(/^alpha: SAD \/ 1000 +0\.1004 {2}\(of 1 images\)$/m);
  expect(table).toMatch(/^S-measure +0\.9153$/m);
  expect(table).toMatch(/largest MAE:\n {2}0\.0695 {2}hair\.png$/);
});
