import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findRuns, meansOfCells } from '../../../src/image/levels.js';

const level = fc.constantFrom(0, 1, 126, 127, 128, 129, 254, 255);

test('runs begin and end where the levels reach the least, in rows of any width', () => {
  const rasters = fc
    .tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 12 }))
    .chain(([width, height]) =>
      fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        data: fc.uint8Array({ minLength: width * height, maxLength: width * height }),
      }),
    );
  fc.assert(
    fc.property(rasters, level, ({ data, width, height }, least) => {
      const expected: number[] = [];
      for (const [at, value] of data.entries()) {
        const isInside = value >= least;
        const wasInside = at % width > 0 && (data[at - 1] as number) >= least;
        if (isInside && !wasInside) expected.push(at);
        if (!isInside && wasInside) expected.push(at);
        if (isInside && at % width === width - 1) expected.push(at + 1);
      }
      expect([...findRuns({ data, width, height }, least)]).toEqual(expected);
    }),
  );
});

test('runs of a large raster are those of its rows', () => {
  const [width, height] = [1_000, 200];
  const data = Uint8Array.from({ length: width * height }, (_, at) => (at % width < 3 ? 255 : 0));
  const expected = Array.from({ length: height }, (_, y) => [y * width, y * width + 3]).flat();
  expect([...findRuns({ data, width, height }, 127.5)]).toEqual(expected);
});

test.each([
  [1, 1],
  [7, 3],
  [33, 32],
  [128, 128],
  [129, 128],
  [300, 128],
])('a square of %i pixels has the means of its %i cells a side', (side, across) => {
  const data = Uint8Array.from({ length: side * side }, (_, at) => Math.imul(at + 1, 0x9e3779b1) >>> 24);
  const sums = new Array<number>(across * across).fill(0);
  const pixels = new Array<number>(across * across).fill(0);
  for (const [at, value] of data.entries()) {
    const row = Math.floor((Math.floor(at / side) * across) / side);
    const cell = row * across + Math.floor(((at % side) * across) / side);
    sums[cell] = (sums[cell] as number) + value;
    pixels[cell] = (pixels[cell] as number) + 1;
  }
  const expected = sums.map((sum, cell) => sum / (pixels[cell] as number));
  expect([...meansOfCells(data, side, across)]).toEqual(expected);
});
