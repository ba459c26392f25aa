import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LINEAR, resample } from '../../../src/image/resample.js';
import { largestDifference } from './measures.js';

const side = fc.integer({ min: 1, max: 150 });

test.each([0, 7, 255])('what is flat at %i stays flat at any size', (value) => {
  fc.assert(
    fc.property(side, side, side, side, (width, height, newWidth, newHeight) => {
      const data = new Uint8Array(width * height * 3).fill(value);
      const resized = resample({ data, width, height }, 3, newWidth, newHeight).data;
      expect(largestDifference(resized, new Uint8Array(newWidth * newHeight * 3).fill(value))).toBe(0);
    }),
  );
});

describe.each([
  [64, 250],
  [64, 65],
  [640, 64],
  [640, 600],
])('a ramp of %i pixels at %i', (from, to) => {
  const valueAt = (place: number, length: number) => ((place + 0.5) / length) * 250;

  test.each(['across', 'down'])('stays where it is, %s', (direction) => {
    const data = Uint8Array.from({ length: from }, (_, at) => Math.round(valueAt(at, from)));
    const isAcross = direction === 'across';
    const raster = isAcross ? { data, width: from, height: 1 } : { data, width: 1, height: from };

    const { data: resized } = resample(raster, 1, isAcross ? to : 1, isAcross ? 1 : to);
    const margin = Math.ceil((2.5 * to) / from) + 1;
    const expected = Array.from({ length: to }, (_, at) => valueAt(at, to)).slice(margin, -margin);
    // Half a pixel of 64 is two levels.
    expect(largestDifference([...resized].slice(margin, -margin), expected)).toBeLessThan(1.2);
  });
});

test('an edge between two pixels stays between them, and does not ring beyond black and white', () => {
  const data = Uint8Array.from({ length: 16 }, (_, at) => (at < 8 ? 0 : 255));
  const resized = [...resample({ data, width: 16, height: 1 }, 1, 64, 1).data];

  const mirrored = resized.toReversed().map((value) => 255 - value);
  expect(largestDifference(resized, mirrored)).toBeLessThanOrEqual(1);
  expect(resized[31]).toBeLessThan(128);
  expect(resized[32]).toBeGreaterThan(127);
});

test('what lies outside of the extents is 0', () => {
  const rows = fc.array(fc.tuple(side, side, fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      rows,
      side,
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 60 }),
      (spans, width, newWidth, newHeight) => {
        const height = spans.length;
        const data = new Uint8Array(width * height);
        for (const [y, [from, to, value]] of spans.entries())
          data.fill(value, y * width + Math.min(from, width), y * width + Math.min(to, width));
        const { data: resized, extents } = resample({ data, width, height }, 1, newWidth, newHeight);
        for (let y = 0; y < newHeight; y++) {
          const row = resized.subarray(y * newWidth, (y + 1) * newWidth);
          const outside = [...row.subarray(0, extents[2 * y]), ...row.subarray(extents[2 * y + 1])];
          expect(outside.every((value) => value === 0)).toBe(true);
        }
      },
    ),
  );
});

describe.each([
  { name: 'a line', kernel: LINEAR, weightAt: lineAt },
  { name: 'a cubic', kernel: undefined, weightAt: cubicAt },
])('by $name each sample', ({ kernel, weightAt }) => {
  test.each([1, 2, 3, 4])('of %i channels is the weighted mean of those around it', (channels) => {
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.infiniteStream(fc.nat(255)),
        (from, rows, to, newRows, levels) => {
          const data = Uint8Array.from(
            { length: from * rows * channels },
            () => levels.next().value as number,
          );
          const raster = { data, width: from, height: rows };
          const resized = resample(raster, channels, to, newRows, kernel).data;

          const at = (x: number, y: number, channel: number) =>
            data[(y * from + x) * channels + channel] as number;
          const across = meansOf(from, to, weightAt);
          const down = meansOf(rows, newRows, weightAt);
          // Some places: all of them would take long.
          for (let place = 0; place < resized.length; place += 1 + Math.floor(resized.length / 50)) {
            const pixel = Math.floor(place / channels);
            const column = across(pixel % to);
            const row = down(Math.floor(pixel / to));
            const columnAt = (y: number) => clamped(column((x) => at(x, y, place % channels)));
            const rowAt = (x: number) => clamped(row((y) => at(x, y, place % channels)));
            const expected = newRows < rows ? column(rowAt) : row(columnAt);
            // Each of two roundings of samples, and those of the weights.
            expect(Math.abs((resized[place] as number) - clamped(expected))).toBeLessThan(2.5);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

function lineAt(offset: number): number {
  return Math.max(0, 1 - Math.abs(offset));
}

function cubicAt(offset: number): number {
  const x = Math.abs(offset);
  if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}

/** For each place a function that takes the mean there of samples that are given by their index. */
function meansOf(from: number, to: number, weightAt: (offset: number) => number) {
  const step = from / to;
  const widening = Math.max(1, step);
  return (place: number) => (sample: (index: number) => number) => {
    const centre = (place + 0.5) * step - 0.5;
    let sum = 0;
    let weights = 0;
    for (let at = Math.floor(centre - 2 * widening); at <= centre + 2 * widening; at++) {
      const weight = weightAt((at - centre) / widening);
      if (weight === 0) continue;
      sum += weight * sample(Math.min(Math.max(0, at), from - 1));
      weights += weight;
    }
    return sum / weights;
  };
}

function clamped(level: number): number {
  return Math.min(Math.max(0, level), 255);
}
