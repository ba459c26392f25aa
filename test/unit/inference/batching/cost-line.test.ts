import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CostModel } from '../../../../src/inference/batching/cost-line.js';
import { seededRandom } from '../../../../src/seeded-random.js';

function learn(batches: readonly (readonly [size: number, durationMs: number])[]): CostModel {
  const model = new CostModel();
  for (const [size, durationMs] of batches) model.observe(size, durationMs);
  return model;
}

function repeat<Value>(count: number, make: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

describe('the fitted line', () => {
  it('is exact for exact batches, whatever the line', () => {
    const part = fc.double({ min: 0.1, max: 500, noNaN: true });
    fc.assert(
      fc.property(part, part, (perPictureMs, fixedMs) => {
        const model = learn(repeat(60, (i) => [1 + (i % 8), perPictureMs * (1 + (i % 8)) + fixedMs]));
        expect(model.line?.perPictureMs).toBeCloseTo(perPictureMs, 4);
        expect(model.line?.fixedMs).toBeCloseTo(fixedMs, 4);
      }),
    );
  });

  it('is unknown from batches of one size, and from two batches of a second', () => {
    const model = learn(repeat(200, () => [1, 34]));
    expect(model.line).toBeUndefined();
    for (const _ of [1, 2]) model.observe(4, 46);
    expect(model.line).toBeUndefined();
    model.observe(4, 46);
    expect(model.line?.fixedMs).toBeCloseTo(30, 5);
  });

  it('stays known over a long run of equal batches', () => {
    const model = learn([...repeat(3, () => [4, 46] as const), ...repeat(5_000, () => [1, 34] as const)]);
    expect(model.line?.perPictureMs).toBeCloseTo(4, 5);
  });

  it('is not moved by the slow first runs of each size, nor by a pause of the machine', () => {
    const slow = [1, 2, 4, 8].map((size) => [size, 5_000] as const);
    const usual = repeat(40, (i) => [2 ** (i % 4), 4 * 2 ** (i % 4) + 30] as const);
    const model = learn([...slow, ...usual, [1, 900]]);
    expect(model.line?.perPictureMs).toBeCloseTo(4, 1);
    expect(model.line?.fixedMs).toBeCloseTo(30, 1);
  });

  it('follows a device that has become slower', () => {
    const batches = (scale: number, count: number) =>
      repeat(count, (i) => [1 + (i % 4), scale * (4 * (1 + (i % 4)) + 30)] as const);
    const model = learn([...batches(1, 50), ...batches(2, 50)]);
    expect(model.line?.fixedMs).toBeCloseTo(60, 0);
  });

  it('has no negative part', () => {
    const growing = learn(repeat(30, (i) => [1 + (i % 3), (1 + (i % 3)) ** 2]));
    expect(growing.line?.fixedMs).toBe(0);
    const falling = learn(repeat(30, (i) => [1 + (i % 3), 40 - 5 * (i % 3)]));
    expect(falling.line?.perPictureMs).toBe(0);
  });

  it('believes in a fixed cost only as far as the noise allows', () => {
    const random = seededRandom(5);
    const noisy = (size: number) => [size, 170 * size * (0.95 + 0.1 * random())] as const;
    const cpu = learn(repeat(50, (i) => noisy(1 + (i % 2))));
    expect(cpu.certainLine?.fixedMs).toBeLessThan(2);
    const gpu = learn(repeat(50, (i) => [1 + (i % 8), (4 * (1 + (i % 8)) + 30) * (0.95 + 0.1 * random())]));
    expect(gpu.certainLine?.fixedMs).toBeGreaterThan(25);
  });
});
