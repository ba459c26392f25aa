import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { profileOfCicp } from '../../../src/image/color/cicp.js';
import { decode } from '../../../src/image/decode.js';
import { readHeif } from '../../../src/image/heif/read-heif.js';
import { inspect } from '../../../src/image/inspect.js';
import { layOutTiff } from '../../../src/image/tiff/raw-tiff.js';
import { drawSubject } from '../../support/draw.js';
import { expectRefusal, GENEROUS, largestDifference } from './measures.js';

/** Made by test/support/heic/make.py: red, green / blue, white. */
const drawn = (name: string) => readFile(new URL(`../../support/heic/${name}.heic`, import.meta.url));
const FIELDS = [
  { x: 10, y: 10, colour: [230, 20, 20] },
  { x: 50, y: 10, colour: [20, 200, 40] },
  { x: 10, y: 40, colour: [20, 40, 220] },
  { x: 50, y: 40, colour: [250, 250, 250] },
];
const LIMITS = { memory: 200 * 1024 * 1024, milliseconds: 60_000 };

describe('a HEIC picture', () => {
  test.each(['upright', 'turned', 'deep-alpha'])('%s: header and colours', async (name) => {
    const bytes = await drawn(name);

    expect(await inspect(bytes, GENEROUS)).toMatchObject({
      format: 'heic',
      width: 64,
      height: 48,
      frames: 1,
      isTurned: false,
      hasAlpha: name === 'deep-alpha',
    });
    const picture = await decode(bytes);
    expect(picture).toMatchObject({ width: 64, height: 48, channels: name === 'deep-alpha' ? 4 : 3 });
    for (const { x, y, colour } of FIELDS) {
      const at = (y * 64 + x) * picture.channels;
      expect(largestDifference([...picture.data.subarray(at, at + 3)], colour)).toBeLessThanOrEqual(3);
    }
  });

  test('keeps its alpha', async () => {
    const { data } = await decode(await drawn('deep-alpha'));

    expect(data[(10 * 64 + 10) * 4 + 3]).toBe(255);
    expect(data[(40 * 64 + 10) * 4 + 3]).toBe(0);
  });

  test('of more than 8 bits is read with all of them', async () => {
    const tiff = await readHeif(await drawn('deep-alpha'), LIMITS);

    expect(await sharp(tiff).metadata()).toMatchObject({ depth: 'ushort', channels: 4, width: 64 });
  });

  test('that ends early is refused', async () => {
    const bytes = await drawn('upright');

    await expectRefusal(decode(bytes.subarray(0, bytes.length - 200)), 'IMAGE_CORRUPT', 'cannot be decoded');
  });

  test('that is coded in another way is refused as such', async () => {
    const coded = readHeif(await drawSubject({ format: 'avif' }), LIMITS);

    await expectRefusal(coded, 'FORMAT_UNSUPPORTED', 'compression format has not been built in');
  });

  test('that takes too much memory is refused, and the process goes on', async () => {
    await expectRefusal(
      readHeif(await drawn('large-plain'), { ...LIMITS, memory: 20 * 1024 * 1024 }),
      'IMAGE_CORRUPT',
      'far more memory',
    );
    expect(await decode(await drawn('upright'))).toMatchObject({ width: 64 });
  });

  test('that takes too long is refused', async () => {
    await expectRefusal(
      readHeif(await drawn('upright'), { ...LIMITS, milliseconds: 0 }),
      'IMAGE_CORRUPT',
      'cannot be decoded within',
    );
  });
});

describe('colours that are named by code points', () => {
  const PIXEL = { width: 1, height: 1, channels: 3, bits: 8, isPremultiplied: false } as const;

  async function inSrgb(rgb: readonly number[], profile: Uint8Array | undefined): Promise<number[]> {
    const { bytes, samples } = layOutTiff({ ...PIXEL, profile });
    samples.set(rgb);
    return [...(await decode(bytes)).data];
  }

  test('are sRGB already where they say so, or nothing', () => {
    expect(profileOfCicp({ primaries: 1, transfer: 13 })).toBeUndefined();
    expect(profileOfCicp({ primaries: 2, transfer: 2 })).toBeUndefined();
  });

  // Display P3's red lies outside sRGB; the others by the matrices of CSS Color 4, section 10.
  test.each([
    { what: 'grey of P3', rgb: [128, 128, 128], expected: [128, 128, 128] },
    { what: 'a dull green of P3', rgb: [100, 140, 100], expected: [87, 141, 96] },
    { what: 'red of P3', rgb: [255, 0, 0], expected: [255, 0, 0] },
  ])('$what', async ({ rgb, expected }) => {
    const found = await inSrgb(rgb, profileOfCicp({ primaries: 12, transfer: 13 }));

    expect(largestDifference(found, expected)).toBeLessThanOrEqual(4);
  });

  test('of HDR (PQ) keep paper white light, and what is brighter within bounds', async () => {
    const pq = profileOfCicp({ primaries: 1, transfer: 16 });
    // 203 cd/m2 is 0.58 in PQ; 10,000 is 1.
    const [white] = await inSrgb([148, 148, 148], pq);
    const [brightest] = await inSrgb([255, 255, 255], pq);

    expect(white).toBeGreaterThan(225);
    expect(white).toBeLessThan(255);
    expect(brightest).toBeGreaterThanOrEqual(white as number);
  });
});
