import { describe, expect, it, test } from 'vitest';
import type { ModelMatte } from '../../../src/image/cutout.js';
import { wholeOf } from '../../../src/image/geometry.js';
import { judge } from '../../../src/image/verdict.js';
import { seededRandom } from '../../../src/seeded-random.js';

const SIDE = 256;
const PICTURE = wholeOf({ width: 1024, height: 512 });

/** A matte of values 0..1, which the network gave as they are unless its range is given. */
function matteOf(
  value: (x: number, y: number) => number,
  rawRange = { min: 0, max: 1 },
  side = SIDE,
): ModelMatte {
  const data = Uint8Array.from({ length: side * side }, (_, at) =>
    Math.round(255 * Math.min(1, Math.max(0, value((at % side) + 0.5, Math.floor(at / side) + 0.5)))),
  );
  const coverage = data.reduce((sum, level) => sum + level, 0) / (255 * data.length);
  return { data, side, coverage, rawRange };
}

/** 1 within, 0 outside, four pixels of grey in between. */
const disc = (x: number, y: number, radius: number) => (atX: number, atY: number) =>
  Math.min(1, Math.max(0, (radius - Math.hypot(atX - x, atY - y)) / 4 + 0.5));

describe('a subject', () => {
  test('is found with its box in pixels of the picture, and its share', () => {
    const { subject, confidence, box, share } = judge(matteOf(disc(96, 128, 64)), PICTURE);
    expect(subject).toBe(true);
    expect(confidence).toBeGreaterThan(0.8);
    // The matte is stretched four times as wide and twice as high.
    expect(box?.left).toBeCloseTo(128, -1);
    expect(box?.top).toBeCloseTo(128, -1);
    expect(box?.width).toBeCloseTo(512, -1);
    expect(box?.height).toBeCloseTo(256, -1);
    expect(share).toBeCloseTo((Math.PI * 64 ** 2) / SIDE ** 2, 2);
  });

  test('is where it is when the model saw a region alone', () => {
    const region = { left: 300, top: 40, width: 512, height: 256 };
    const { box } = judge(matteOf(disc(128, 128, 64)), region);
    expect(box?.left).toBeCloseTo(300 + 128, -1);
    expect(box?.top).toBeCloseTo(40 + 64, -1);
  });

  test('is measured without the padding around what the model saw', () => {
    const square = { left: 0, top: -256, width: 1024, height: 1024 };
    const { box, share } = judge(matteOf(disc(128, 128, 90)), square, PICTURE);
    expect(box).toMatchObject({ top: 0, height: 512 });
    expect(box?.left).toBeCloseTo(152, -1);
    expect(share).toBeCloseTo((2 * Math.PI * 90 ** 2) / SIDE ** 2, 2);
  });

  test('has a box that specks make no larger, and parts of its size do', () => {
    const main = disc(96, 128, 64);
    const speck = disc(240, 20, 4);
    const other = disc(216, 128, 16);
    const alone = judge(matteOf(main), PICTURE);
    const withSpeck = judge(
      matteOf((x, y) => Math.max(main(x, y), speck(x, y))),
      PICTURE,
    );
    const withOther = judge(
      matteOf((x, y) => Math.max(main(x, y), other(x, y))),
      PICTURE,
    );
    expect(withSpeck.box).toEqual(alone.box);
    expect(withSpeck.share).toBe(alone.share);
    const right = (box = alone.box) => (box?.left ?? 0) + (box?.width ?? 0);
    expect(right(withOther.box)).toBeCloseTo(4 * 232, -1);
  });

  it.each([
    ['small', disc(40, 200, 6)],
    ['as large as the picture', () => 1],
    ['touching three borders', disc(128, 256, 150)],
    [
      'several',
      (x: number, y: number) => Math.max(...[40, 100, 160, 220].map((at) => disc(at, 128, 18)(x, y))),
    ],
    ['thin', (x: number, y: number) => (Math.abs(y - x) < 6 && x > 30 && x < 220 ? 1 : 0)],
    ['half sure', (x: number, y: number) => 0.75 * disc(128, 128, 60)(x, y)],
  ])('that is %s is found', (_, value) => {
    expect(judge(matteOf(value), PICTURE)).toMatchObject({ subject: true, box: expect.anything() });
  });
});

describe('no subject', () => {
  const random = seededRandom(5);
  const noise = Float64Array.from({ length: SIDE * SIDE }, random);
  const at = (x: number, y: number) => noise[Math.floor(y) * SIDE + Math.floor(x)] ?? 0;

  it.each([
    ['nothing', () => 0],
    ['faint all over', () => 0.3],
    ['noise', at],
    ['a faint cloud', (x: number, y: number) => 0.45 * disc(128, 128, 80)(x, y)],
    [
      'a grey cloud',
      (x: number, y: number) => 0.7 * Math.exp(-(((x - 128) / 60) ** 2) - ((y - 128) / 60) ** 2),
    ],
    ['lines of text', (x: number, y: number) => (y % 12 < 5 && at(x, y - (y % 12)) < 0.7 ? 0.9 : 0)],
    [
      'bricks',
      (x: number, y: number) => (y % 24 < 3 || (x + 12 * (Math.floor(y / 24) % 2)) % 24 < 3 ? 1 : 0),
    ],
    ['crumbs', (x: number, y: number) => (at(x - (x % 4), y - (y % 4)) < 0.15 ? 1 : 0)],
    ['a letter', disc(128, 128, 1)],
  ])('is there where the matte is %s', (_, value) => {
    expect(judge(matteOf(value), PICTURE)).toMatchObject({ subject: false, box: undefined, share: 0 });
  });

  it('has a confidence below a half, and less the fainter the matte is', () => {
    const confidences = [0, 0.1, 0.25, 0.38].map(
      (height) =>
        judge(
          matteOf((x, y) => height * disc(128, 128, 60)(x, y)),
          PICTURE,
        ).confidence,
    );
    expect(confidences).toEqual(confidences.toSorted((one, other) => one - other));
    expect(Math.max(...confidences)).toBeLessThan(0.5);
  });
});

describe('the range of the network', () => {
  it('counts before it was stretched: what was hardly sure is not sure because nothing was surer', () => {
    const stretched = (max: number) =>
      judge({ ...matteOf(disc(128, 128, 60), { min: 0, max }), isStretched: true }, PICTURE);
    expect(stretched(0.39).subject).toBe(false);
    expect(stretched(0.9).subject).toBe(true);
    expect(stretched(0.7).confidence).toBeLessThan(stretched(0.9).confidence);
  });

  it('is not undone where it was never stretched', () => {
    const faint = matteOf((x, y) => 0.3 + 0.25 * disc(128, 128, 60)(x, y), { min: 0.3, max: 0.55 });
    expect(judge(faint, PICTURE).subject).toBe(false);
    const clear = matteOf((x, y) => 0.1 + 0.8 * disc(128, 128, 60)(x, y), { min: 0.1, max: 0.9 });
    expect(judge(clear, PICTURE).subject).toBe(true);
    expect(
      judge(
        matteOf(() => 0.95, { min: 0.93, max: 0.97 }),
        PICTURE,
      ).subject,
    ).toBe(true);
    expect(
      judge(
        matteOf(() => 0.04, { min: 0.03, max: 0.05 }),
        PICTURE,
      ).subject,
    ).toBe(false);
  });
});

it.each([8, 640, 832, 1024])('judges a matte of %i pixels a side in the same way', (side) => {
  const middle = side / 2;
  const value = (x: number, y: number) => (Math.hypot(x - middle, y - middle) < side / 4 ? 1 : 0);
  const { subject, box } = judge(matteOf(value, { min: 0, max: 1 }, side), PICTURE);
  expect(subject).toBe(true);
  expect(box?.width).toBeCloseTo(512, -1);
});
