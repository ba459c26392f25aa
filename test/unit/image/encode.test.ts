import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { type Cutout, composeCutout, pixelsOf } from '../../../src/image/compose.js';
import { type EncodeOptions, encodeCutout, encodeMask } from '../../../src/image/encode.js';
import type { PictureFormat } from '../../../src/image/options.js';
import { BLUE, MAGENTA, POINTS, pixelAt, subjectMatte, subjectPixels } from '../../support/draw.js';
import { expectRefusal, largestDifference, meanDifference } from './measures.js';

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

test('AVIF keeps colours and alpha, nearly', async () => {
  const encoded = await encodeCutout(drawnCutout(), { format: 'avif', quality: 90 });

  expect(encoded).toMatchObject({ contentType: 'image/avif', width: 240, height: 160 });
  const { data, info } = await read(encoded.bytes);
  expect(info).toMatchObject({ format: 'heif', width: 240, height: 160, channels: 4 });
  expect(meanDifference(alphaOf(data), subjectMatte().data)).toBeLessThan(2);
  const picture = { data, width: 240, height: 160, channels: 4 };
  expect(largestDifference(pixelAt(picture, POINTS.ellipse), [...MAGENTA, 255])).toBeLessThanOrEqual(8);
});

test('JPEG keeps the colours of something opaque, nearly', async () => {
  const encoded = await encodeCutout(opaqueCutout(), { format: 'jpg', quality: 95 });

  expect(encoded).toMatchObject({ contentType: 'image/jpeg', width: 240, height: 160 });
  const { data, info } = await read(encoded.bytes);
  expect(info).toMatchObject({ format: 'jpeg', channels: 3 });
  expect(meanDifference(data, subjectPixels().data)).toBeLessThan(4);
});

test.each<PictureFormat>(['webp', 'avif', 'jpg'])(
  'a lower quality of %s makes a smaller file',
  async (format) => {
    const high = await encodeCutout(opaqueCutout(), { format, quality: 100 });
    const low = await encodeCutout(opaqueCutout(), { format, quality: 10 });

    expect(low.bytes.length).toBeLessThan(high.bytes.length);
  },
);

describe('a mask', () => {
  const size = { width: 240, height: 160 };
  const ramp = Uint8Array.from({ length: 240 * 160 }, (_, at) => at % 240);

  test('is an 8-bit grey PNG with every value', async () => {
    const encoded = await encodeMask(ramp, size, PNG);

    expect(encoded).toMatchObject({ contentType: 'image/png', ...size });
    expect(await sharp(encoded.bytes).metadata()).toMatchObject({
      space: 'b-w',
      channels: 1,
      bitsPerSample: 8,
    });
    const data = await sharp(encoded.bytes).toColourspace('b-w').raw().toBuffer();
    expect(data.equals(ramp)).toBe(true);
  });

  test.each<PictureFormat>(['webp', 'avif', 'jpg'])('is nearly the same as %s', async (format) => {
    const { bytes } = await encodeMask(ramp, size, { format, quality: 90 });
    const { data, info } = await sharp(bytes).greyscale().raw().toBuffer({ resolveWithObject: true });

    expect(info.channels).toBe(1);
    expect(meanDifference(data, ramp)).toBeLessThan(3);
  });
});

test.each([
  { format: 'webp', side: 16_384 },
  { format: 'avif', side: 16_385 },
  { format: 'jpg', side: 65_501 },
] as const)('$format has no room for $side pixels a side', async ({ format, side }) => {
  const most = (side - 1).toLocaleString('en');

  await expectRefusal(
    encodeCutout(lineOf(side), { format, quality: 90 }),
    'OPTIONS_INVALID',
    `room for ${most}`,
  );
  expect(await encodeCutout(lineOf(side - 1), { format, quality: 50 })).toMatchObject({ width: side - 1 });
});

test('WebP takes large noise, on which its quickest way gives up', async () => {
  const [width, height] = [4_000, 4_000];
  let state = 1;
  const readRow: Cutout['readRow'] = (_, row) => {
    for (let x = 0; x < width; x++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      row[x] = (state >> 8) | 0xff000000;
    }
    return { from: 0, to: width };
  };

  const encoded = await encodeCutout({ width, height, readRow }, { format: 'webp', quality: 90 });
  expect(await sharp(encoded.bytes).metadata()).toMatchObject({ format: 'webp', width, height });
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

function opaqueCutout(): Cutout {
  const full = { ...subjectMatte(), data: new Uint8Array(240 * 160).fill(255) };
  return composeCutout({ ...subjectPixels(), channels: 3 }, full);
}

function lineOf(width: number): Cutout {
  return { width, height: 1, readRow: (_, row) => ({ from: 0, to: row.fill(-1).length }) };
}

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
