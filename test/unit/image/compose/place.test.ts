import { describe, expect, test } from 'vitest';
import { type Layout, layOut } from '../../../../src/image/compose/layout.js';
import { placeCutout, placeMatte } from '../../../../src/image/compose/place.js';
import { findSubject } from '../../../../src/image/compose/subject-box.js';
import { composeCutout, pixelsOf } from '../../../../src/image/compose.js';
import { DEFAULT_OPTIONS, type PictureOptions } from '../../../../src/image/options.js';
import { MAGENTA, POINTS, pixelAt, subjectMatte, subjectPixels } from '../../../support/draw.js';
import { largestDifference } from '../measures.js';

const SIZE = { width: 240, height: 160 };
const ZERO = { px: 0 };
const CROP = { top: ZERO, right: ZERO, bottom: ZERO, left: ZERO };

describe('the picture where it is', () => {
  test('is not touched', async () => {
    const cutout = drawnCutout();
    const matte = subjectMatte();

    expect(await placeCutout(cutout, layoutFor({}))).toBe(cutout);
    expect(await placeMatte(matte, layoutFor({}))).toBe(matte.data);
  });
});

describe('moved and cropped', () => {
  const layout = layoutFor({ crop: { ...CROP, left: { px: 50 }, top: { px: 3 } } });

  test('every pixel of the cut-out is where the layout says, and all beyond is empty', async () => {
    const placed = pixelsOf(await placeCutout(drawnCutout(), layout));

    expect(layout).toMatchObject({ width: 242, height: 123, left: 26, top: -21 });
    expect(Buffer.from(placed).equals(shifted(pixelsOf(drawnCutout()), layout, 4))).toBe(true);
  });

  test('and so is every pixel of the mask', async () => {
    const mask = await placeMatte(subjectMatte(), layout);

    expect(Buffer.from(mask).equals(shifted(subjectMatte().data, layout, 1))).toBe(true);
  });
});

describe.each([
  { name: 'smaller', options: { maxSide: 90 } },
  { name: 'larger', options: { canvas: { width: 720, height: 500 } } },
  { name: 'with the subject large and low', options: { scale: 1, position: { x: 0.5, y: 1 } } },
  {
    name: 'much larger, cut off at the canvas',
    options: { crop: CROP, canvas: { width: 900, height: 900 } },
  },
])('resized: $name', ({ options }) => {
  const layout = layoutFor(options);

  test('the subject is in its box, to a pixel or two', async () => {
    const placed = pixelsOf(await placeCutout(drawnCutout(), layout));
    const alpha = placed.filter((_, at) => at % 4 === 3);
    const found = findSubject({ ...layout, data: alpha });

    expect(edgesOf(found).length).toBe(4);
    expect(largestDifference(edgesOf(found), edgesOf(layout.subject))).toBeLessThanOrEqual(
      2 + Math.ceil(layout.scale / 2),
    );
  });

  test('the mask has the alpha of the cut-out', async () => {
    const placed = pixelsOf(await placeCutout(drawnCutout(), layout));
    const mask = await placeMatte(subjectMatte(), layout);

    expect(
      largestDifference(
        mask,
        placed.filter((_, at) => at % 4 === 3),
      ),
    ).toBeLessThanOrEqual(1);
  });

  test('edges have no fringe: half-transparent pixels keep full colour', async () => {
    const placed = pixelsOf(await placeCutout(drawnCutout(), layout));

    let seen = 0;
    for (let at = 0; at < placed.length; at += 4) {
      const [, green = 255, blue = 0, alpha = 0] = placed.subarray(at, at + 4);
      if (alpha < 64 || alpha > 192) continue;
      seen++;
      // The subject is magenta and blue before a green background.
      expect(green).toBeLessThanOrEqual(3);
      expect(blue).toBeGreaterThanOrEqual(252);
    }
    expect(seen).toBeGreaterThan(20);
  });
});

test('a smaller picture is the picture', async () => {
  const layout = layoutFor({ maxSide: 60 });
  const data = pixelsOf(await placeCutout(drawnCutout(), layout));

  expect(layout).toMatchObject({ width: 60, height: 40 });
  const picture = { data, width: 60, height: 40, channels: 4 };
  expect(largestDifference(pixelAt(picture, POINTS.ellipse), [...MAGENTA, 255])).toBeLessThanOrEqual(3);
  expect(pixelAt(picture, POINTS.background)[3]).toBe(0);
});

test('what is wholly beyond the canvas leaves it empty', async () => {
  const away: Layout = { width: 20, height: 10, scale: 0.5, left: 400, top: 0, subject: undefined };

  expect(Math.max(...pixelsOf(await placeCutout(drawnCutout(), away)))).toBe(0);
  expect(Math.max(...(await placeMatte(subjectMatte(), away)))).toBe(0);
  expect(Math.max(...pixelsOf(await placeCutout(drawnCutout(), { ...away, scale: 1 })))).toBe(0);
});

function drawnCutout() {
  return composeCutout({ ...subjectPixels(), channels: 3 }, subjectMatte());
}

function layoutFor(options: Partial<PictureOptions>): Layout {
  return layOut(SIZE, findSubject(subjectMatte()), { ...DEFAULT_OPTIONS, ...options });
}

/** The pixels moved by hand. */
function shifted(data: Uint8Array, { width, height, left, top }: Layout, channels: number): Buffer {
  const moved = Buffer.alloc(width * height * channels);
  for (let y = 0; y < SIZE.height; y++) {
    for (let x = 0; x < SIZE.width; x++) {
      if (x + left < 0 || x + left >= width || y + top < 0 || y + top >= height) continue;
      const from = (y * SIZE.width + x) * channels;
      moved.set(data.subarray(from, from + channels), ((y + top) * width + x + left) * channels);
    }
  }
  return moved;
}

function edgesOf(box: { left: number; top: number; width: number; height: number } | undefined): number[] {
  return box === undefined ? [] : [box.left, box.top, box.left + box.width, box.top + box.height];
}
