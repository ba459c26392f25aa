import sharp from 'sharp';
import { expect, test } from 'vitest';
import { composeCutout, pixelsOf } from '../../../src/image/compose.js';
import { type EncodeOptions, encodeCutout } from '../../../src/image/encode.js';
import { BLUE, MAGENTA, POINTS, pixelAt, subjectMatte, subjectPixels } from '../../support/draw.js';
import { largestDifference } from './measures.js';

const PNG: EncodeOptions = { format: 'png', quality: 90 };
const WEBP: EncodeOptions = { ...PNG, format: 'webp' };

test('PNG keeps every pixel', async () => {
  const encoded = await encodeCutout(drawnCutout(), PNG);

  expect(encoded).toMatchObject({ contentType: 'image/png', width: 240, height: 160 });
  const { data, info } = await read(encoded.bytes);
  expect(info).toMatchObject({ format: 'png', width: 240, height: 160, channels: 4 });
  expect(data.equals(pixelsOf(drawnCutout()))).toBe(true);
});

test('WebP keeps every alpha and, nearly, the colours', async () => {
  const encoded = await encodeCutout(drawnCutout(), WEBP);

  expect(encoded).toMatchObject({ contentType: 'image/webp', width: 240, height: 160 });
  const { data, info } = await read(encoded.bytes);
  expect(info).toMatchObject({ format: 'webp', width: 240, height: 160, channels: 4 });
  expect(alphaOf(data).equals(subjectMatte().data)).toBe(true);
  const picture = { data, width: 240, height: 160, channels: 4 };
  expect(largestDifference(pixelAt(picture, POINTS.ellipse), [...MAGENTA, 255])).toBeLessThanOrEqual(6);
  expect(largestDifference(pixelAt(picture, POINTS.rectangle), [...BLUE, 255])).toBeLessThanOrEqual(6);
});

test('a lower WebP quality makes a smaller file', async () => {
  const high = await encodeCutout(drawnCutout(), { ...WEBP, quality: 100 });
  const low = await encodeCutout(drawnCutout(), { ...WEBP, quality: 10 });

  expect(low.bytes.length).toBeLessThan(high.bytes.length);
});

test.each([
  [1, 1],
  [5000, 1],
  [1, 5000],
])('a cut-out of %i x %i goes out in both formats', async (width, height) => {
  const cutout = () =>
    composeCutout(
      { data: new Uint8Array(width * height * 3).fill(90), width, height, channels: 3 },
      { data: new Uint8Array(width * height).fill(200), width, height },
    );
  for (const options of [PNG, WEBP]) {
    const { bytes } = await encodeCutout(cutout(), options);
    const { data, info } = await read(bytes);
    expect(info).toMatchObject({ width, height });
    expect(largestDifference(data.subarray(0, 4), [90, 90, 90, 200])).toBeLessThanOrEqual(2);
  }
});

function drawnCutout() {
  return composeCutout({ ...subjectPixels(), channels: 3 }, subjectMatte());
}

function read(bytes: Uint8Array) {
  return sharp(bytes)
    .raw()
    .toBuffer({ resolveWithObject: true })
    .then(async ({ data, info }) => ({
      data,
      info: { ...info, format: (await sharp(bytes).metadata()).format },
    }));
}

function alphaOf(rgba: Buffer): Buffer {
  return Buffer.from(rgba.filter((_, at) => at % 4 === 3));
}
