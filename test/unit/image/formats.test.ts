import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decode } from '../../../src/image/decode.js';
import { inspect } from '../../../src/image/inspect.js';
import {
  BLUE,
  type DrawnFormat,
  drawSubject,
  MAGENTA,
  openRaw,
  POINTS,
  pixelAt,
  subjectPixels,
} from '../../support/draw.js';
import { GENEROUS, largestDifference } from './measures.js';

const GREEN = [0, 255, 0];
const drawing = () => openRaw(subjectPixels());

test.each<DrawnFormat>(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'])(
  '%s: header and colours',
  async (format) => {
    const bytes = await drawSubject({ format });

    expect(await inspect(bytes, GENEROUS)).toMatchObject({
      format,
      width: 240,
      height: 160,
      frames: 1,
      isTurned: false,
    });
    await expectDrawing(bytes);
  },
);

test('a 16-bit PNG becomes 8 bits', async () => {
  const bytes = await drawing().toColourspace('rgb16').png().toBuffer();

  expect((await sharp(bytes).metadata()).depth).toBe('ushort');
  await expectDrawing(bytes);
});

test('a palette PNG becomes RGB', async () => {
  const bytes = await drawing().png({ palette: true, colours: 4 }).toBuffer();

  expect((await sharp(bytes).metadata()).isPalette).toBe(true);
  await expectDrawing(bytes);
});

test('a progressive JPEG is decoded whole', async () => {
  await expectDrawing(
    await drawing().jpeg({ progressive: true, quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
  );
});

test.each(['b-w', 'grey16'])('grey (%s) becomes RGB with three equal channels', async (space) => {
  const { data, channels } = await decode(await drawing().toColourspace(space).png().toBuffer());

  expect(channels).toBe(3);
  expect(data.length).toBe(240 * 160 * 3);
  const ellipse = pixelAt({ data, channels, width: 240, height: 160 }, POINTS.ellipse);
  const background = pixelAt({ data, channels, width: 240, height: 160 }, POINTS.background);
  expect(new Set(ellipse).size).toBe(1);
  // Magenta is darker than green: L* 60 against 88.
  expect(largestDifference(ellipse, [146, 146, 146])).toBeLessThanOrEqual(2);
  expect(largestDifference(background, [220, 220, 220])).toBeLessThanOrEqual(2);
});

describe('alpha', () => {
  test.each([8, 16])('grey with alpha, %i bits, becomes RGBA', async (bits) => {
    const half = Buffer.from(Array.from({ length: 100 }, (_, at) => [120, at < 50 ? 255 : 60]).flat());
    const picture = sharp(half, { raw: { width: 10, height: 10, channels: 2 } });
    const bytes = await picture
      .toColourspace(bits === 16 ? 'grey16' : 'b-w')
      .png()
      .toBuffer();

    expect(await sharp(bytes).metadata()).toMatchObject({
      channels: 2,
      depth: bits === 16 ? 'ushort' : 'uchar',
    });
    expect(await inspect(bytes, GENEROUS)).toMatchObject({ hasAlpha: true });
    const { data, channels } = await decode(bytes);
    expect(channels).toBe(4);
    expect([...data.subarray(0, 4)]).toEqual([120, 120, 120, 255]);
    expect([...data.subarray(-4)]).toEqual([120, 120, 120, 60]);
  });

  test('a 16-bit RGBA PNG with a profile keeps its alpha', async () => {
    const bytes = await sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 200, g: 60, b: 40, alpha: 0.5 } },
    })
      .toColourspace('rgb16')
      .withIccProfile('p3')
      .png()
      .toBuffer();

    const { data, channels } = await decode(bytes);
    expect(channels).toBe(4);
    expect(largestDifference(data.subarray(0, 4), [200, 60, 40, 128])).toBeLessThanOrEqual(2);
  });
});

describe.each(['gif', 'webp'] as const)('an animated %s', (format) => {
  test('gives its first frame', async () => {
    const frames = [
      await drawSubject({ format: 'png' }),
      await drawSubject({ format: 'png', background: '#ff0000' }),
    ];
    const bytes = await sharp(frames, { join: { animated: true } })
      .toFormat(format, { lossless: true })
      .toBuffer();

    expect(await inspect(bytes, GENEROUS)).toMatchObject({ frames: 2, width: 240, height: 160 });
    await expectDrawing(bytes);
  });
});

test.each([
  [1, 1],
  [5000, 1],
  [1, 5000],
])('a picture of %i x %i is decoded', async (width, height) => {
  const bytes = await sharp({ create: { width, height, channels: 3, background: '#ff0000' } })
    .png()
    .toBuffer();

  const picture = await decode(bytes);
  expect(picture).toMatchObject({ width, height, channels: 3 });
  expect([...picture.data.subarray(-3)]).toEqual([255, 0, 0]);
});

async function expectDrawing(bytes: Buffer): Promise<void> {
  const picture = await decode(bytes);
  expect(picture).toMatchObject({ width: 240, height: 160 });
  expect(picture.data.length).toBe(240 * 160 * picture.channels);
  for (const [point, colour] of [
    [POINTS.ellipse, MAGENTA],
    [POINTS.rectangle, BLUE],
    [POINTS.background, GREEN],
  ] as const) {
    expect(largestDifference(pixelAt(picture, point).slice(0, 3), colour)).toBeLessThanOrEqual(3);
  }
}
