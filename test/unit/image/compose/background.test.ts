import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openBackground } from '../../../../src/image/compose/background.js';
import { pixelsOf } from '../../../../src/image/compose.js';
import type { Background } from '../../../../src/image/options.js';
import { drawSubject, openRaw } from '../../../support/draw.js';
import { expectRefusal, largestDifference } from '../measures.js';

const CANVAS = { width: 40, height: 20 };

test('none is nothing, and so is a colour that cannot be seen', async () => {
  expect(await openBackground({ kind: 'none' }, CANVAS)).toBeUndefined();
  expect(await openBackground({ kind: 'color', rgba: [9, 9, 9, 0] }, CANVAS)).toBeUndefined();
});

test.each([255, 100])('a colour with alpha %i fills the canvas', async (alpha) => {
  const pixels = await read({ kind: 'color', rgba: [250, 128, 7, alpha] });

  expect(pixels.length).toBe(40 * 20 * 4);
  for (let at = 0; at < pixels.length; at += 4) {
    expect([...pixels.subarray(at, at + 4)]).toEqual([250, 128, 7, alpha]);
  }
});

describe('an image', () => {
  // Three stripes across: red, green, blue.
  const stripes = (width: number, height: number) =>
    openRaw({
      data: Buffer.from(
        Array.from({ length: width * height }, (_, at) => {
          const third = Math.floor((3 * (at % width)) / width);
          return [0, 1, 2].map((channel) => (channel === third ? 255 : 0));
        }).flat(),
      ),
      width,
      height,
      channels: 3,
    });

  test('of the same size is there as it is', async () => {
    const bytes = await stripes(40, 20).png().toBuffer();

    const expected = await sharp(bytes).ensureAlpha().raw().toBuffer();
    expect(Buffer.from(await read({ kind: 'image', bytes })).equals(expected)).toBe(true);
  });

  test('covers the canvas, its middle in the middle', async () => {
    // Twice as wide as it must be: half of the red and of the blue stripe are cut off.
    const pixels = await read({ kind: 'image', bytes: await stripes(240, 60).png().toBuffer() });

    expect(largestDifference(pixelOf(pixels, 3, 10), [255, 0, 0, 255])).toBeLessThanOrEqual(3);
    expect(largestDifference(pixelOf(pixels, 20, 10), [0, 255, 0, 255])).toBeLessThanOrEqual(3);
    expect(largestDifference(pixelOf(pixels, 36, 10), [0, 0, 255, 255])).toBeLessThanOrEqual(3);
    // A stripe of 80 pixels is one of 26.7.
    expect(pixelOf(pixels, 5, 10)[0]).toBeGreaterThan(200);
    expect(pixelOf(pixels, 8, 10)[1]).toBeGreaterThan(200);
  });

  test('that is smaller is made larger', async () => {
    const pixels = await read({ kind: 'image', bytes: await stripes(6, 3).png().toBuffer() });

    expect(pixels.length).toBe(40 * 20 * 4);
    expect(pixelOf(pixels, 20, 10)).toEqual([0, 255, 0, 255]);
  });

  test('is upright, and in sRGB', async () => {
    const turned = await drawSubject({ ...CANVAS, format: 'png', orientation: 6 });
    const upright = await drawSubject({ ...CANVAS, format: 'png' });
    expect(await read({ kind: 'image', bytes: turned })).toEqual(
      await read({ kind: 'image', bytes: upright }),
    );

    const plain = sharp({ create: { ...CANVAS, channels: 3, background: '#3ca08c' } });
    for (const bytes of [
      await plain.clone().withIccProfile('p3').png().toBuffer(),
      await plain.clone().toColourspace('rgb16').withIccProfile('p3').png().toBuffer(),
    ]) {
      const pixels = await read({ kind: 'image', bytes });
      expect(largestDifference(pixelOf(pixels, 5, 5), [0x3c, 0xa0, 0x8c, 255])).toBeLessThanOrEqual(2);
    }
  });

  test('keeps an alpha', async () => {
    const bytes = await sharp({
      create: { ...CANVAS, channels: 4, background: { r: 10, g: 20, b: 30, alpha: 0.5 } },
    })
      .png()
      .toBuffer();

    expect(pixelOf(await read({ kind: 'image', bytes }), 20, 10)).toEqual([10, 20, 30, 128]);
  });

  test('that is damaged is refused', async () => {
    const whole = await drawSubject();
    const damaged = openBackground({ kind: 'image', bytes: whole.subarray(0, whole.length / 2) }, CANVAS);

    await expectRefusal(damaged, 'IMAGE_CORRUPT', 'cannot be decoded');
  });
});

async function read(background: Background): Promise<Uint8Array> {
  const opened = await openBackground(background, CANVAS);
  expect(opened).toMatchObject(CANVAS);
  return opened === undefined ? new Uint8Array() : pixelsOf(opened);
}

function pixelOf(pixels: Uint8Array, x: number, y: number): number[] {
  const at = (y * CANVAS.width + x) * 4;
  return [...pixels.subarray(at, at + 4)];
}
