import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantizeWeights } from '../../../../src/models/quantize/quantize-weights.js';
import { noise } from '../graphs.js';

describe('quantizeWeights', () => {
  it('stays within seven bits, and its errors are what is missing', () => {
    const weights = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(weights, (list) => {
        const floats = Float32Array.from(list);
        const { values, scales, errors } = quantizeWeights(floats, 3);
        for (const [at, step] of values.entries()) {
          expect(Math.abs(step)).toBeLessThanOrEqual(63);
          const scale = scales[Math.floor(at / 3)] ?? 0;
          expect(step * scale + (errors[at] ?? 0)).toBeCloseTo(floats[at] ?? 0, 5);
        }
      }),
    );
  });

  it('gives each row a scale of its own', () => {
    const { values, scales } = quantizeWeights(Float32Array.of(1, -0.5, 100, 50), 2);
    expect(scales[1]).toBeCloseTo(100 * (scales[0] ?? 0), 4);
    expect([...values.subarray(0, 2)]).toEqual(
      [...values.subarray(2)].map((step, at) => (at === 1 ? -step : step)),
    );
  });

  it('clips a lone large weight where that serves the others', () => {
    const row = Float32Array.of(1, ...noise(4_000, 1).map((each) => each / 2));
    const { scales } = quantizeWeights(row, row.length);
    expect(scales[0]).toBeLessThan(0.99 / 63);
  });

  it.each([0, 1e-45])('gives a row of %d no weight', (weight) => {
    const { values, errors, scales } = quantizeWeights(new Float32Array(4).fill(weight), 4);
    expect([...values]).toEqual([0, 0, 0, 0]);
    for (const error of errors) expect(error).toBeCloseTo(0, 30);
    expect(scales[0]).toBeGreaterThan(0);
  });
});
