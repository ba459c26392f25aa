import { describe, expect, test } from 'vitest';
import { blur, blurReach } from '../../../../src/image/compose/blur.js';
import { layOut } from '../../../../src/image/compose/layout.js';
import { castShadow, shadowBox } from '../../../../src/image/compose/shadow.js';
import { type Cutout, pixelsOf } from '../../../../src/image/compose.js';
import type { Box } from '../../../../src/image/geometry.js';
import type { Matte } from '../../../../src/image/matte.js';
import { DEFAULT_OPTIONS, type PictureOptions, type Shadow } from '../../../../src/image/options.js';

describe('blur', () => {
  test.each([2, 4, 7.3])('with a deviation of %f is near a Gaussian', (deviation) => {
    const side = 101;
    const plane = { data: new Uint16Array(side * side), width: side, height: side };
    // Left of the middle all is full: what is left is the integral of the kernel.
    for (let at = 0; at < plane.data.length; at++) if (at % side < 50) plane.data[at] = 65_535;
    blur(plane, deviation);

    for (let x = 25; x < 76; x++) {
      const share = (plane.data[50 * side + x] ?? 0) / 65_535;
      expect(Math.abs(share - normal((49.5 - x) / deviation))).toBeLessThan(0.03);
    }
  });

  test('is the same in all directions, and keeps what there is', () => {
    const side = 61;
    const plane = { data: new Uint16Array(side * side), width: side, height: side };
    plane.data[30 * side + 30] = 65_535;
    blur(plane, 3);

    const sum = plane.data.reduce((total, value) => total + value, 0);
    expect(Math.abs(sum - 65_535) / 65_535).toBeLessThan(0.02);
    for (let at = 0; at < plane.data.length; at++) {
      const mirrored = side * side - 1 - at;
      const transposed = (at % side) * side + Math.floor(at / side);
      expect(plane.data[at]).toBe(plane.data[mirrored]);
      expect(Math.abs((plane.data[at] ?? 0) - (plane.data[transposed] ?? 0))).toBeLessThanOrEqual(2);
    }
  });

  test.each([0, 0.2, 3, 11.5])(
    'with a deviation of %f goes as far as it says, and no further',
    (deviation) => {
      const reach = blurReach(deviation);
      const side = 2 * reach + 5;
      const middle = reach + 2;
      const plane = { data: new Uint16Array(side * side).fill(0), width: side, height: side };
      // A line: a single pixel would be spread too thin to be seen.
      for (let y = 0; y < side; y++) plane.data[y * side + middle] = 65_535;
      blur(plane, deviation);

      const row = plane.data.subarray(middle * side, (middle + 1) * side);
      expect(row.findIndex((value) => value > 0)).toBe(middle - reach);
    },
  );
});

describe('the shadow', () => {
  const size = { width: 200, height: 160 };
  const box: Box = { left: 60, top: 50, width: 80, height: 60 };
  const hard: Shadow = { opacity: 0.4, blur: 0, offsetX: 0.1, offsetY: 0.25 };

  test('without blur is the subject, moved by shares of its longer side', () => {
    const alpha = alphaOf(cast(hard));

    expect(boxOf(alpha)).toEqual({ left: 68, top: 70, width: 80, height: 60 });
    expect(alpha[80 * 200 + 100]).toBe(102);
  });

  test('is black', () => {
    const pixels = pixelsOf(cast({ ...hard, blur: 0.1 }));

    for (let at = 0; at < pixels.length; at += 4) {
      expect([...pixels.subarray(at, at + 3)]).toEqual([0, 0, 0]);
    }
  });

  // The first is blurred at full size, the others at less and less.
  test.each([0.1, 0.3, 0.5])('with a blur of %f has an edge as soft as that', (blur) => {
    const alpha = alphaOf(cast({ opacity: 1, blur, offsetX: 0, offsetY: 0 }));

    const deviation = (blur / 2) * 80;
    for (let x = 0; x < 200; x++) {
      const inX = normal((x + 0.5 - 60) / deviation) - normal((x + 0.5 - 140) / deviation);
      const inY = normal((80.5 - 50) / deviation) - normal((80.5 - 110) / deviation);
      expect(Math.abs((alpha[80 * 200 + x] ?? 0) / 255 - inX * inY)).toBeLessThan(0.05);
    }
  });

  test.each([0, 0.06, 0.4])('with a blur of %f is within the box that it says', (blur) => {
    const shadow: Shadow = { opacity: 1, blur, offsetX: -0.2, offsetY: 0.1 };
    const seen = boxOf(alphaOf(cast(shadow, { canvas: { width: 400, height: 320 } })));
    const said = shadowBox(box, shadow);
    // The canvas is twice as large.
    expect(seen.left).toBeGreaterThanOrEqual(2 * said.left - 2);
    expect(seen.top).toBeGreaterThanOrEqual(2 * said.top - 2);
    expect(seen.left + seen.width).toBeLessThanOrEqual(2 * (said.left + said.width) + 2);
    expect(seen.top + seen.height).toBeLessThanOrEqual(2 * (said.top + said.height) + 2);
  });

  test('goes with the subject where that is scaled and moved', () => {
    const alpha = alphaOf(cast(hard, { scale: 0.2, position: { x: 0, y: 0 } }));

    // A factor of 1/2: the subject is at 0, 0 and 40 x 30 large.
    expect(boxOf(alpha)).toEqual({ left: 4, top: 10, width: 40, height: 30 });
  });

  test('falls beyond the picture onto the margin of a crop', () => {
    const left: Matte = { ...matte(), data: matteData((x, y) => x < 80 && y >= 50 && y < 110) };
    const subject = { left: 0, top: 50, width: 80, height: 60 };
    const shadow: Shadow = { opacity: 1, blur: 0, offsetX: -0.25, offsetY: 0 };
    const zero = { px: 0 };
    const crop = { top: zero, right: zero, bottom: zero, left: zero };
    const layout = layOut(size, subject, { ...DEFAULT_OPTIONS, crop, shadow });
    const alpha = alphaOf(castShadow(left, subject, shadow, layout));

    expect(layout).toMatchObject({ width: 100, height: 60 });
    expect(alpha[30 * 100]).toBe(255);
  });

  function matteData(isInside: (x: number, y: number) => boolean): Uint8Array {
    return Uint8Array.from({ length: 200 * 160 }, (_, at) =>
      isInside(at % 200, Math.floor(at / 200)) ? 255 : 0,
    );
  }

  function matte(): Matte {
    return { ...size, data: matteData((x, y) => x >= 60 && x < 140 && y >= 50 && y < 110) };
  }

  function cast(shadow: Shadow, options: Partial<PictureOptions> = {}): Cutout {
    return castShadow(matte(), box, shadow, layOut(size, box, { ...DEFAULT_OPTIONS, ...options }));
  }

  function boxOf(alpha: Uint8Array) {
    const width = alpha.length === size.width * size.height ? 200 : 400;
    const seen = [...alpha.entries()].filter(([, value]) => value > 0);
    const xs = seen.map(([at]) => at % width);
    const ys = seen.map(([at]) => Math.floor(at / width));
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    return { left, top, width: Math.max(...xs) - left + 1, height: Math.max(...ys) - top + 1 };
  }
});

function alphaOf(cutout: Cutout): Uint8Array {
  return pixelsOf(cutout).filter((_, at) => at % 4 === 3);
}

/** The share of a standard normal distribution below a value (Abramowitz and Stegun, 26.2.17; within 1e-7). */
function normal(value: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(value));
  const poly =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-value * value) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return value > 0 ? 1 - tail : tail;
}
