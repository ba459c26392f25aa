import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { composeCutout, pixelsOf } from '../../../src/image/compose.js';
import { encode, type OutputOptions } from '../../../src/image/encode.js';
import { BLUE, MAGENTA, POINTS, pixelAt, subjectMatte, subjectPixels } from '../../support/draw.js';
import { largestDifference } from './measures.js';

const PNG: OutputOptions = { format: 'png', webpQuality: 90, maxSide: 0 };
const WEBP: OutputOptions = { ...PNG, format: 'webp' };

test('PNG keeps every pixel', async () => {
  const encoded = await encode(drawnCutout(), PNG);

  expect(encoded).toMatchObject({ contentType: 'image/png', width: 240, height: 160 });
  const { data, info } = await read(encoded.bytes);
  expect(info).toMatchObject({ format: 'png', width: 240, height: 160, channels: 4 });
  expect(data.equals(pixelsOf(drawnCutout()))).toBe(true);
});

test('WebP keeps every alpha and, nearly, the colours', async () => {
  const encoded = await encode(drawnCutout(), WEBP);

  expect(encoded).toMatchObject({ contentType: 'image/webp', width: 240, height: 160 });
  const { data, info } = await read(encoded.bytes);
  expect(info).toMatchObject({ format: 'webp', width: 240, height: 160, channels: 4 });
  expect(alphaOf(data).equals(subjectMatte().data)).toBe(true);
  const picture = { data, width: 240, height: 160, channels: 4 };
  expect(largestDifference(pixelAt(picture, POINTS.ellipse), [...MAGENTA, 255])).toBeLessThanOrEqual(6);
  expect(largestDifference(pixelAt(picture, POINTS.rectangle), [...BLUE, 255])).toBeLessThanOrEqual(6);
});

test('a lower WebP quality makes a smaller file', async () => {
  const high = await encode(drawnCutout(), { ...WEBP, webpQuality: 100 });
  const low = await encode(drawnCutout(), { ...WEBP, webpQuality: 10 });

  expect(low.bytes.length).toBeLessThan(high.bytes.length);
});

describe.each([PNG, WEBP])('maxSide, $format', (options) => {
  test.each([
    { maxSide: 60, width: 60, height: 40 },
    { maxSide: 240, width: 240, height: 160 },
    { maxSide: 1000, width: 240, height: 160 },
    { maxSide: 0, width: 240, height: 160 },
  ])('$maxSide makes 240 x 160 into $width x $height', async ({ maxSide, width, height }) => {
    const encoded = await encode(drawnCutout(), { ...options, maxSide });

    expect(encoded).toMatchObject({ width, height });
    const { data, info } = await read(encoded.bytes);
    expect(info).toMatchObject({ width, height, channels: 4 });
    const picture = { data, width, height, channels: 4 };
    expect(largestDifference(pixelAt(picture, POINTS.ellipse), [...MAGENTA, 255])).toBeLessThanOrEqual(6);
    expect(pixelAt(picture, POINTS.background)[3]).toBe(0);
  });
});

test('a smaller cut-out has no dark fringe: half-transparent pixels keep full colour', async () => {
  const { bytes } = await encode(drawnCutout(), { ...PNG, maxSide: 50 });
  const { data } = await read(bytes);

  let seen = 0;
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data.readUInt8(at + 3);
    if (alpha === 0) expect([...data.subarray(at, at + 3)]).toEqual([0, 0, 0]);
    if (alpha < 64 || alpha > 192) continue;
    seen++;
    expect(data.readUInt8(at + 1)).toBeLessThanOrEqual(3);
    expect(data.readUInt8(at + 2)).toBeGreaterThanOrEqual(252);
  }
  expect(seen).toBeGreaterThan(20);
});

test.each([
  [1, 1],
  [5000, 1],
  [1, 5000],
])('a cut-out of %i x %i goes out in both formats, also with a maxSide', async (width, height) => {
  const cutout = () =>
    composeCutout(
      { data: new Uint8Array(width * height * 3).fill(90), width, height, channels: 3 },
      { data: new Uint8Array(width * height).fill(200), width, height },
    );
  for (const options of [PNG, WEBP]) {
    expect(await encode(cutout(), options)).toMatchObject({ width, height });
    const { bytes } = await encode(cutout(), { ...options, maxSide: 100 });
    const { data, info } = await read(bytes);
    expect(info).toMatchObject({ width: Math.min(width, 100), height: Math.min(height, 100) });
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
