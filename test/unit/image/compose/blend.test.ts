import fc from 'fast-check';
import { expect, test } from 'vitest';
import { over } from '../../../../src/image/compose/blend.js';
import { type Cutout, pixelsOf, readPixels } from '../../../../src/image/compose.js';
import { largestDifference } from '../measures.js';

const bytes = fc.integer({ min: 0, max: 255 });
const alphas = fc.oneof(bytes, fc.constantFrom(0, 1, 254, 255));
const pixels = fc.tuple(bytes, bytes, bytes, alphas);

test('over something opaque every channel is the rounded mean', () => {
  fc.assert(
    fc.property(pixels, fc.tuple(bytes, bytes, bytes), (upper, lower) => {
      const share = upper[3] / 255;
      const expected = lower.map((value, at) => Math.round((upper[at] ?? 0) * share + value * (1 - share)));
      expect(blend(upper, [...lower, 255])).toEqual([...expected, 255]);
    }),
  );
});

test('over something half-transparent it is as the compositing specification says', () => {
  fc.assert(
    fc.property(pixels, pixels, (upper, lower) => {
      const blended = blend(upper, lower);
      const [share, below] = [upper[3] / 255, lower[3] / 255];
      const alpha = share + below * (1 - share);
      expect(Math.abs((blended[3] ?? 0) - alpha * 255)).toBeLessThanOrEqual(0.5);
      if (alpha === 0) return;
      const exact = [0, 1, 2].map(
        (at) => ((upper[at] ?? 0) * share + (lower[at] ?? 0) * below * (1 - share)) / alpha,
      );
      expect(largestDifference(blended.slice(0, 3), exact)).toBeLessThanOrEqual(0.5 + 1e-9);
    }),
  );
});

test('rows are as long as both together, and empty between them', () => {
  const upper = rowFrom(1, [0xff000001, 0xff000002]);
  const lower = rowFrom(5, [0xff000003]);

  expect(over(upper, lower).readRow(0, new Int32Array(8))).toEqual({ from: 1, to: 6 });
  expect(reds(over(upper, lower))).toEqual([0, 1, 2, 0, 0, 3, 0, 0]);
  expect(reds(over(lower, upper))).toEqual([0, 1, 2, 0, 0, 3, 0, 0]);
});

test('an empty row shows the other', () => {
  const empty = rowFrom(0, []);
  const full = rowFrom(2, [0xff000007]);

  expect(reds(over(full, empty))).toEqual([0, 0, 7, 0, 0, 0, 0, 0]);
  expect(reds(over(empty, full))).toEqual([0, 0, 7, 0, 0, 0, 0, 0]);
});

function blend(upper: readonly number[], lower: readonly number[]): number[] {
  const size = { width: 1, height: 1 };
  return [...pixelsOf(over(readPixels(Buffer.from(upper), size), readPixels(Buffer.from(lower), size)))];
}

/** A row of 8 with these pixels from a place on, and rubbish outside of its extent. */
function rowFrom(from: number, values: readonly number[]): Cutout {
  return {
    width: 8,
    height: 1,
    readRow(_, row) {
      row.fill(0x12345678);
      row.set(values, from);
      return { from, to: from + values.length };
    },
  };
}

function reds(cutout: Cutout): number[] {
  const row = new Int32Array(8);
  const { from, to } = cutout.readRow(0, row);
  return Array.from(row, (pixel, at) => (at >= from && at < to ? pixel & 255 : 0));
}
