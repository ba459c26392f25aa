import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrivalTimes } from '../../../src/commands/bench/arrivals.js';
import { parseBenchOptions } from '../../../src/commands/bench/options.js';
import { costPerThousand, distributionOf } from '../../../src/commands/bench/statistics.js';

test('arrivals fill their time, never go back, and are the same for the same seed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.double({ min: 0.01, max: 1000, noNaN: true }),
      fc.string(),
      (count, rate, seed) => {
        const times = arrivalTimes({ count, rate, seed });
        expect(times).toHaveLength(count);
        expect(times.every((time) => time >= 0 && time < (1000 * count) / rate)).toBe(true);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(arrivalTimes({ count, rate, seed })).toEqual(times);
      },
    ),
  );
  const other = arrivalTimes({ count: 5, rate: 1, seed: 'b' });
  expect(arrivalTimes({ count: 5, rate: 1, seed: 'a' })).not.toEqual(other);
});

test('arrivals are a Poisson process of the rate: gaps have its mean, and a deviation as large', () => {
  const times = arrivalTimes({ count: 20_001, rate: 4, seed: '1' });
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(mean).toBeGreaterThan(240);
  expect(mean).toBeLessThan(260);
  expect(deviation / mean).toBeGreaterThan(0.95);
  expect(deviation / mean).toBeLessThan(1.05);
});

test('without a rate all arrive at once', () => {
  expect(arrivalTimes({ count: 3, rate: 0, seed: '1' })).toEqual([0, 0, 0]);
});

test('percentiles are those of the times, to three digits', () => {
  const times = Array.from({ length: 1000 }, (_, at) => (at + 1) / 10);
  const { mean, p50, p95, p99, max } = distributionOf(times.reverse()) ?? expect.fail('no distribution');
  expect(mean / 50.05).toBeCloseTo(1, 2);
  expect(p50 / 50).toBeCloseTo(1, 2);
  expect(p95 / 95).toBeCloseTo(1, 2);
  expect(p99 / 99).toBeCloseTo(1, 2);
  expect(max / 100).toBeCloseTo(1, 2);
});

test('there is no distribution of nothing, and one of zeros', () => {
  expect(distributionOf([])).toBeUndefined();
  expect(distributionOf([0, 0])?.max).toBeLessThan(0.01);
});

test('the cost is the price of the hours that a thousand images take', () => {
  expect(costPerThousand(3.6, 1)).toBeCloseTo(1);
  expect(costPerThousand(1, 10)).toBeCloseTo(1000 / 36_000);
});

test('options have defaults, and every mistake is told at once', () => {
  expect(parseBenchOptions({})).toEqual({
    images: 100,
    megapixels: 1,
    rate: 0,
    seed: '1',
    warmup: 2,
    bare: false,
  });
  const given = { images: '12', megapixels: '0.2', rate: '1.5', warmup: '0', price: '0.526', json: true };
  expect(parseBenchOptions(given)).toMatchObject({
    images: 12,
    megapixels: 0.2,
    rate: 1.5,
    warmup: 0,
    price: 0.526,
    json: true,
  });
  const wrong = { images: '0', megapixels: 'many', rate: '-1', price: '' };
  expect(() => parseBenchOptions(wrong)).toThrow(/--images.*\n.*--megapixels.*\n.*--rate.*\n.*--price/);
});
