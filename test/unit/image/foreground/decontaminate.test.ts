import { describe, expect, test } from 'vitest';
import type { Picture } from '../../../../src/image/decode.js';
import { decontaminate } from '../../../../src/image/foreground/decontaminate.js';
import type { Matte } from '../../../../src/image/matte.js';
import { seededRandom } from '../../../../src/seeded-random.js';
import { plainColours } from './plain-colours.js';

/** Colours that change slowly, with noise. */
function drawPicture(width: number, height: number, channels: 3 | 4 = 3): Picture {
  const random = seededRandom(width + height);
  const data = new Uint8Array(width * height * channels).fill(255);
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++)
      data[at * channels + channel] =
        100 + 70 * Math.sin((at % width) / (9 + channel) + at / width / 11) + 60 * random();
  }
  return { data, width, height, channels };
}

/** A soft disc in a corner of `size` pixels, cut off by the border. */
function drawCorner(width: number, height: number, size: number): Matte {
  const data = Uint8Array.from({ length: width * height }, (_, at) => {
    const distance = Math.hypot(at % width, Math.floor(at / width));
    return Math.min(Math.max(0, 128 + (size - distance) * 30), 255);
  });
  return { data, width, height };
}

function noiseMatte(width: number, height: number): Matte {
  const random = seededRandom(width);
  return { data: Uint8Array.from({ length: width * height }, () => random() * 256), width, height };
}

function corrected(picture: Picture, matte: Matte): Uint8Array {
  const copy = { ...picture, data: picture.data.slice() };
  decontaminate(copy, matte);
  return copy.data;
}

function greatestDifference(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] as number))), 0);
}

/** Around what there is in each row; an empty row has 0 and 0. */
function extentsOf({ data, width, height }: Matte): Int32Array {
  const extents = new Int32Array(2 * height);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.findIndex((level) => level > 0);
    if (first >= 0) extents.set([first, row.findLastIndex((level) => level > 0) + 1], 2 * y);
  }
  return extents;
}

describe('the colours of edges', () => {
  test.each([
    { width: 96, height: 130, channels: 3, matte: noiseMatte(96, 130) },
    { width: 96, height: 130, channels: 4, matte: noiseMatte(96, 130) },
    // Only a part of the picture is looked at.
    { width: 220, height: 150, channels: 3, matte: drawCorner(220, 150, 21) },
    // The blurs reach beyond both borders.
    { width: 14, height: 10, channels: 3, matte: noiseMatte(14, 10) },
    { width: 2, height: 2, channels: 4, matte: noiseMatte(2, 2) },
  ] as const)('are what the formulas say: $width x $height, $channels channels', (scene) => {
    const picture = drawPicture(scene.width, scene.height, scene.channels);

    const colours = corrected(picture, scene.matte);

    expect(greatestDifference(colours, plainColours(picture, scene.matte))).toBeLessThanOrEqual(1);
    expect(greatestDifference(colours, picture.data)).toBeGreaterThan(5);
  });

  test.each([
    [1, 1],
    [1, 300],
    [300, 1],
    [3, 2],
    [513, 5],
    [1001, 37],
  ])('of pictures of any size: %i x %i', (width, height) => {
    for (const channels of [3, 4] as const) {
      const picture = drawPicture(width, height, channels);
      const matte = noiseMatte(width, height);

      const colours = corrected(picture, matte);

      for (const [at, value] of colours.entries()) {
        const level = matte.data[Math.floor(at / channels)] as number;
        const isLeft = level === 0 || level === 255 || at % channels === 3;
        if (isLeft && value !== picture.data[at]) expect.fail(`byte ${at} was changed`);
      }
    }
  });

  test('are the same where it is known which part of each row is something', () => {
    const picture = drawPicture(301, 203);
    const matte = drawCorner(301, 203, 60);

    const colours = corrected(picture, { ...matte, extents: extentsOf(matte) });

    expect(Buffer.compare(colours, corrected(picture, matte))).toBe(0);
  });

  test('do not depend on the pictures before', () => {
    const picture = drawPicture(120, 90, 4);
    const matte = drawCorner(120, 90, 50);
    const before = corrected(picture, matte);
    corrected(drawPicture(700, 500, 3), noiseMatte(700, 500));

    expect(Buffer.compare(corrected(picture, matte), before)).toBe(0);
  });

  test('with a single soft pixel', () => {
    const picture = drawPicture(50, 40);
    const data = new Uint8Array(50 * 40).fill(255, 0, 1000);
    data[50 * 40 - 1] = 128;

    const colours = corrected(picture, { data, width: 50, height: 40 });

    expect(Buffer.compare(colours.subarray(0, -3), picture.data.subarray(0, -3))).toBe(0);
  });
});
