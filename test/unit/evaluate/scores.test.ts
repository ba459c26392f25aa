import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scoresOf } from '../../../src/evaluate/scores.js';
import { drawFields, drawTrimap } from './fields.js';

interface Reference {
  readonly scores: Record<string, number>;
  readonly alpha?: Record<string, number>;
  readonly band?: Record<string, number>;
}

/** What published programs say of the same fields (bench/evaluate/reference.py). */
const REFERENCE = JSON.parse(readFileSync(new URL('reference.json', import.meta.url), 'utf8')) as Record<
  string,
  Reference
>;

const SCORED = Object.entries(drawFields()).map(([name, { matte, truth }]) => ({
  name,
  expected: REFERENCE[name],
  scores: scoresOf({ matte, truth, isAlpha: true, trimap: drawTrimap() }),
}));

describe.each(SCORED)('the field $name', ({ expected, scores }) => {
  it.each(Object.entries(scores.subject))('has the %s of pysodmetrics', (measure, value) => {
    expect(value).toBeCloseTo(expected?.scores[measure] ?? Number.NaN, 9);
  });
});

// mmedit computes in float32.
it.each(SCORED.filter(({ expected }) => expected?.alpha))(
  'the field $name has the alpha errors of mmedit',
  ({ expected, scores }) => {
    for (const [error, value] of Object.entries(scores.alpha ?? {})) {
      expect(value, error).toBeCloseTo(expected?.alpha?.[error] ?? Number.NaN, 5);
    }
  },
);

it.each(SCORED.filter(({ expected }) => expected?.band))(
  'the field $name has the alpha errors of mmedit within the band of a trimap',
  ({ expected, scores }) => {
    for (const [error, value] of Object.entries(scores.band ?? {})) {
      expect(value, error).toBeCloseTo(expected?.band?.[error] ?? Number.NaN, 5);
    }
  },
);

it('the reference has every field, alpha errors of several and the band of one', () => {
  expect(Object.keys(REFERENCE)).toEqual(Object.keys(drawFields()));
  expect(Object.values(REFERENCE).filter(({ alpha }) => alpha).length).toBeGreaterThanOrEqual(3);
  expect(Object.values(REFERENCE).filter(({ band }) => band).length).toBe(1);
});
