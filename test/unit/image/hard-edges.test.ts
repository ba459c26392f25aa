import { describe, expect, test } from 'vitest';
import { hardenEdges } from '../../../src/image/hard-edges.js';
import { resizeMatte } from '../../../src/image/matte.js';
import { subjectMatte } from '../../support/draw.js';

const SIZE = { width: 80, height: 60 };

// How far a straight edge is from the middle, and how wide its ramp is, in pixels.
describe.each([2, 4, 10, 25])('an edge that is soft over %i pixels', (softness) => {
  test.each([0, 0.25, 0.5, 0.8])(
    'stays where it is, %f of a pixel on, and becomes one pixel wide',
    (part) => {
      const hard = hardened(softness, { angle: 0, at: 40 + part });

      const row = [...hard.subarray(30 * 80, 31 * 80)];
      expect(row.filter((value) => value > 0 && value < 255).length).toBeLessThanOrEqual(2);
      // The sum of a row is how far it is covered.
      expect(Math.abs(row.reduce((sum, value) => sum + value, 0) / 255 - (40 + part))).toBeLessThan(0.15);
    },
  );

  test.each([0.3, 0.8, 1.2, 2.5])('at an angle of %f covers what is behind it', (angle) => {
    const hard = hardened(softness, { angle, at: 20 });
    const exact = hardened(1, { angle, at: 20 }, false);

    const mid = [...hard].filter((value) => value > 0 && value < 255).length;
    const ideal = [...exact].filter((value) => value > 0 && value < 255).length;
    expect(mid).toBeLessThanOrEqual(1.5 * ideal);
    const wrong = [...hard].reduce((sum, value, at) => sum + Math.abs(value - (exact[at] ?? 0)), 0) / 255;
    // Less than an eighth of a pixel for each pixel of the edge.
    expect(wrong / ideal).toBeLessThan(0.125);
  });
});

test('a matte of all or nothing stays as it is', () => {
  const { data, width, height } = subjectMatte();
  const matte = { data: Uint8Array.from(data), width, height };
  hardenEdges(matte);

  expect(Buffer.from(matte.data).equals(data)).toBe(true);
});

test.each([
  [127, 0],
  [128, 255],
])('a plain %i becomes %i', (value, expected) => {
  const matte = { data: new Uint8Array(12).fill(value), width: 4, height: 3 };
  hardenEdges(matte);

  expect([...matte.data]).toEqual(new Array(12).fill(expected));
});

test('what is outside of the extents stays empty', () => {
  const matte = resizeMatte(subjectMatte({ width: 64, height: 64 }), 300, 200);
  const before = Uint8Array.from(matte.data);
  hardenEdges(matte);

  expect(matte.data.every((value, at) => (before[at] === 0 ? value === 0 : true))).toBe(true);
  expect([...matte.data].filter((value) => value > 0 && value < 255).length).toBeLessThan(
    before.filter((value) => value > 0 && value < 255).length / 2,
  );
});

/** A half plane, of which the row `at` pixels from the left is the border; it rises over `softness` pixels. */
function hardened(softness: number, { angle, at }: { angle: number; at: number }, isHardened = true) {
  const { width, height } = SIZE;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const data = Uint8Array.from({ length: width * height }, (_, index) => {
    const x = (index % width) + 0.5;
    const y = Math.floor(index / width) + 0.5 - height / 2;
    const distance = (at - x) * cos - y * sin;
    return Math.round(255 * Math.min(1, Math.max(0, 0.5 + distance / softness)));
  });
  if (isHardened) hardenEdges({ data, width, height });
  return data;
}
