import fc from 'fast-check';
import { expect, test } from 'vitest';
import { levelsOf, rangeOf } from '../../../src/inference/matte-values.js';

const value = fc.oneof(
  fc.float({ min: -2, max: 2, noNaN: true }),
  fc.constantFrom(0, 1, 2.5 / 255, 252.5 / 255, 1_000, -1_000),
);
const singles = fc.array(value, { minLength: 1, maxLength: 40 }).map((list) => Float32Array.from(list));
const doubles = fc.array(value, { minLength: 1, maxLength: 40 }).map((list) => Float64Array.from(list));
const values = fc.oneof(singles, doubles);

test('the range goes from the smallest value to the largest', () => {
  fc.assert(
    fc.property(values, (list) => {
      const { min, max } = rangeOf(list);
      // Zeros of either sign are alike.
      expect(min + 0).toBe(Math.min(...list) + 0);
      expect(max + 0).toBe(Math.max(...list) + 0);
    }),
  );
});

test('there is no range where any value is no number', () => {
  fc.assert(
    fc.property(values, fc.nat(), (list, place) => {
      list[place % list.length] = Number.NaN;
      expect(rangeOf(list)).toEqual({ min: Number.NaN, max: Number.NaN });
    }),
  );
});

test('levels are rounded, and what is about at an end is there', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(0, 0.125), fc.constantFrom(255, 300), (list, low, scale) => {
      const noise = 2.5;
      const expected = Array.from(list, (each) => {
        const level = (each - low) * scale;
        if (level < noise) return 0;
        return level > 255 - noise ? 255 : Math.floor(level + 0.5);
      });
      const { data, sum } = levelsOf(list, { low, scale, noise });
      expect([...data]).toEqual(expected);
      expect(sum).toBe(expected.reduce((total, level) => total + level, 0));
    }),
  );
});

test('many values are as few are', () => {
  const many = Float32Array.from({ length: 10_001 }, (_, at) => (at % 1_000) / 999);
  many[10_000] = 2;
  expect(rangeOf(many)).toEqual({ min: 0, max: 2 });
  const { data } = levelsOf(many, { low: 0, scale: 255, noise: 0 });
  expect([...data.subarray(9_000)]).toEqual([...data.subarray(0, 1_000), 255]);
});
