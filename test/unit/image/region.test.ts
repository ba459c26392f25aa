import { describe, expect, test } from 'vitest';
import { resizeMatte } from '../../../src/image/matte.js';
import type { Length, Region } from '../../../src/image/options.js';
import { placeInPicture, regionBox } from '../../../src/image/region.js';
import { subjectMatte } from '../../support/draw.js';

const PICTURE = { width: 300, height: 200 };

describe('the box of a region', () => {
  test('is the whole picture without one', () => {
    expect(regionBox(undefined, PICTURE)).toEqual({ left: 0, top: 0, ...PICTURE });
  });

  test('is in pixels or in shares of the picture', () => {
    expect(regionBox(region({ px: 10 }, { share: 0.1 }, { share: 0.5 }, { px: 180 }), PICTURE)).toEqual({
      left: 10,
      top: 20,
      width: 140,
      height: 160,
    });
  });

  test('ends where the picture ends', () => {
    expect(regionBox(region({ px: -10 }, { px: 0 }, { px: 4000 }, { share: 1.5 }), PICTURE)).toEqual({
      left: 0,
      top: 0,
      ...PICTURE,
    });
  });

  test.each([
    { what: 'empty', given: region({ px: 10 }, { px: 0 }, { px: 10 }, { px: 50 }) },
    { what: 'the wrong way round', given: region({ share: 0.9 }, { px: 0 }, { share: 0.1 }, { px: 50 }) },
    { what: 'beyond the picture', given: region({ px: 300 }, { px: 0 }, { px: 400 }, { px: 50 }) },
  ])('that is $what is refused', ({ given }) => {
    expect(() => regionBox(given, PICTURE)).toThrow(
      expect.objectContaining({
        code: 'OPTIONS_INVALID',
        message: expect.stringContaining('the picture of 300 x 200'),
      }),
    );
  });
});

describe('the matte of a region', () => {
  const box = { left: 30, top: 20, width: 100, height: 90 };

  test('is where the region is, and all around it is background', () => {
    const matte = resizeMatte(subjectMatte({ width: 64, height: 64 }), box.width, box.height);
    const placed = placeInPicture(matte, box, PICTURE);

    expect(placed).toMatchObject(PICTURE);
    for (let y = 0; y < 200; y++) {
      const [from = 0, to = 0] = placed.extents?.subarray(2 * y) ?? [];
      for (let x = 0; x < 300; x++) {
        const [column, row] = [x - box.left, y - box.top];
        const isInside = column >= 0 && column < 100 && row >= 0 && row < 90;
        const expected = isInside ? (matte.data[row * 100 + column] ?? -1) : 0;
        expect(placed.data[y * 300 + x]).toBe(expected);
        if (expected > 0) expect(x >= from && x < to).toBe(true);
      }
    }
  });

  test('of the whole picture is the matte', () => {
    const matte = { data: new Uint8Array(60_000), ...PICTURE };

    expect(placeInPicture(matte, { left: 0, top: 0, ...PICTURE }, PICTURE)).toBe(matte);
  });
});

function region(left: Length, top: Length, right: Length, bottom: Length): Region {
  return { left, top, right, bottom };
}
