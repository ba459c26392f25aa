import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONFIDENT, fillInput, inputTables, readMatte, squareSide } from '../../../src/inference/tensors.js';
import type { ModelInput } from '../../../src/models/model.js';

const IMAGENET: ModelInput = {
  name: 'input',
  type: 'float32',
  side: 2,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** The four values of one 2 x 2 output, as a matte. */
function matteOf(values: readonly number[], activation: 'none' | 'sigmoid' = 'none') {
  return readMatte(Float32Array.from(values), 0, 2, { activation });
}

describe('inputTables', () => {
  it('normalises every byte of every channel as (byte / 255 - mean) / std', () => {
    const tables = inputTables(IMAGENET);
    expect(tables).toHaveLength(3);
    for (const channel of [0, 1, 2] as const) {
      for (const byte of [0, 1, 127, 128, 255]) {
        const expected = (byte / 255 - IMAGENET.mean[channel]) / IMAGENET.std[channel];
        expect(tables[channel]?.values[byte]).toBeCloseTo(expected, 5);
      }
    }
  });
});

describe('fillInput', () => {
  it('turns interleaved pixels into planes, red then green then blue', () => {
    const tensor = new Float32Array(12);
    const tables = inputTables({ ...IMAGENET, mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] });
    fillInput(tensor, 0, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), tables);
    const expected = [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12];
    for (const [at, value] of expected.entries()) expect(tensor[at]).toBeCloseTo(value, 4);
  });

  it('writes a picture into its own place of the batch and leaves the others alone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.nat({ max: 3 }),
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        (count, place, rgb) => {
          const index = place % count;
          const untouched = 99;
          const tensor = new Float32Array(count * 12).fill(untouched);
          const tables = inputTables(IMAGENET);
          fillInput(tensor, index, rgb, tables);
          for (let at = 0; at < tensor.length; at++) {
            const inside = at - index * 12;
            if (inside < 0 || inside >= 12) expect(tensor[at]).toBe(untouched);
            else {
              const channel = Math.floor(inside / 4);
              expect(tensor[at]).toBe(tables[channel]?.values[rgb[(inside % 4) * 3 + channel] ?? 0]);
            }
          }
        },
      ),
    );
  });
});

describe('pictures for a network that wants blue first', () => {
  it('have their channels turned round, and mean and deviation in the order of the tensor', () => {
    const tensor = new Float32Array(12);
    const tables = inputTables({ mean: [1, 2, 3], std: [1 / 255, 1 / 255, 1 / 255], order: 'bgr' });
    fillInput(tensor, 0, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), tables);
    const expected = [3, 6, 9, 12, 2, 5, 8, 11, 1, 4, 7, 10].map(
      (byte, at) => byte - 255 * (1 + Math.floor(at / 4)),
    );
    for (const [at, value] of expected.entries()) expect(tensor[at]).toBeCloseTo(value, 2);
  });
});

describe('squareSide', () => {
  it.each([
    [[2, 1, 8, 8], 2, 8],
    [[2, 8, 8], 2, 8],
    [[2, 8, 8, 1], 2, 8],
    [[1, 1, 8, 8], 1, 8],
    [[8, 8], 1, 8],
    [[1, 2, 8, 8], 1, undefined],
    [[2, 1, 8, 8], 1, undefined],
    [[1, 1, 8, 4], 1, undefined],
    [[1, 64], 1, undefined],
    [[], 1, undefined],
  ])('of %j for %d pictures is %s', (dims, count, side) => {
    expect(squareSide(dims, count)).toBe(side);
  });
});

describe('readMatte', () => {
  it('leaves the values as they are where no stretching is asked for', () => {
    const values = Float32Array.of(0.2, 0.4, 0.6, 0.8);
    const matte = readMatte(values, 0, 2, { activation: 'none', normalise: 'none' });
    expect(matte?.data).toEqual(Uint8Array.of(51, 102, 153, 204));
  });

  it('reads them between what stands for background and for subject', () => {
    const reading = { activation: 'none', normalise: 'none', range: [1, -1] } as const;
    const matte = readMatte(Float32Array.of(1, -1, 0, 2), 0, 2, reading);
    expect(matte?.data).toEqual(Uint8Array.of(0, 255, 128, 0));
    expect(matte?.rawRange).toEqual({ min: -0.5, max: 1 });
  });

  it('stretches the range of a confident network to 0..255', () => {
    const matte = matteOf([0.1, 0.3, 0.5, 0.9]);
    expect(matte?.data).toEqual(Uint8Array.of(0, 64, 128, 255));
    expect(matte?.rawRange.min).toBeCloseTo(0.1, 6);
    expect(matte?.rawRange.max).toBeCloseTo(0.9, 6);
    expect(matte?.side).toBe(2);
  });

  it('says whether it stretched', () => {
    expect(matteOf([0.1, 0.3, 0.5, 0.9])?.isStretched).toBe(true);
    expect(matteOf([0, 0.1, 0.2, 0.4])?.isStretched).toBe(false);
  });

  it('leaves the faint values of a picture without a subject near empty', () => {
    const matte = matteOf([0, 0.01, 0.02, 0.05]);
    expect(matte?.data).toEqual(Uint8Array.of(0, 3, 5, 13));
  });

  it('leaves a picture that is subject everywhere as it is', () => {
    expect(matteOf([0.93, 0.95, 0.97, 0.99])?.data).toEqual(Uint8Array.from([237, 242, 247, 252]));
  });

  it('starts to stretch exactly where the network becomes confident', () => {
    expect(matteOf([0, 0, 0, CONFIDENT])?.data[3]).toBe(255);
    expect(matteOf([0, 0, 0, CONFIDENT - 0.01])?.data[3]).toBe(Math.round((CONFIDENT - 0.01) * 255));
  });

  it('takes an even output as it is: there is no range to stretch', () => {
    expect(matteOf([1, 1, 1, 1])?.data).toEqual(Uint8Array.of(255, 255, 255, 255));
    expect(matteOf([0, 0, 0, 0])?.data).toEqual(Uint8Array.of(0, 0, 0, 0));
    expect(matteOf([0.6, 0.6, 0.6, 0.6])?.data[0]).toBe(153);
  });

  it('clips what lies outside 0..1 where it does not stretch', () => {
    expect(matteOf([-3, -1, -0.5, 0.2])?.data).toEqual(Uint8Array.of(0, 0, 0, 51));
    expect(matteOf([7, 7, 7, 7])?.data[0]).toBe(255);
  });

  it('applies the sigmoid before it judges and reports the range', () => {
    const matte = matteOf([-20, 0, 20, 20], 'sigmoid');
    expect(matte?.data).toEqual(Uint8Array.of(0, 128, 255, 255));
    expect(matte?.rawRange.max).toBeCloseTo(1, 6);
    expect(matteOf([-20, -20, -20, -4], 'sigmoid')?.data[3]).toBe(5);
  });

  it('takes the last levels at either end for certain, and leaves the others', () => {
    expect([...(matteOf([0, 2 / 255, 3 / 255, 1])?.data ?? [])]).toEqual([0, 0, 3, 255]);
    expect([...(matteOf([0, 252 / 255, 253 / 255, 1])?.data ?? [])]).toEqual([0, 252, 255, 255]);
  });

  it('reports how much of the picture the subject fills', () => {
    expect(matteOf([0, 0, 1, 1])?.coverage).toBeCloseTo(0.5, 6);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses an output with %s',
    (bad) => {
      for (const place of [0, 1, 2, 3]) expect(matteOf([0, 0.5, 1, 0.2].with(place, bad))).toBeUndefined();
    },
  );

  it('reads each picture of a batch from its own place, and one with NaN does not touch its mates', () => {
    const output = Float32Array.of(0, 0, 0, 1, Number.NaN, 0, 0, 0, 1, 1, 1, 0);
    expect(readMatte(output, 0, 2, { activation: 'none' })?.data).toEqual(Uint8Array.of(0, 0, 0, 255));
    expect(readMatte(output, 1, 2, { activation: 'none' })).toBeUndefined();
    expect(readMatte(output, 2, 2, { activation: 'none' })?.data).toEqual(Uint8Array.of(255, 255, 255, 0));
  });

  it('never puts a brighter value below a darker one', () => {
    const values = fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(values, fc.constantFrom('none' as const, 'sigmoid' as const), (raw, activation) => {
        const data = matteOf(raw, activation)?.data;
        const order = [0, 1, 2, 3].sort((a, b) => (raw[a] ?? 0) - (raw[b] ?? 0));
        const levels = order.map((at) => data?.[at]);
        expect(levels).toEqual(Array.from(data ?? []).sort((a, b) => a - b));
      }),
    );
  });
});
