import { describe, expect, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { decode, type Picture } from '../../../src/image/decode.js';
import { inspect } from '../../../src/image/inspect.js';
import { BLUE, MAGENTA, POINTS, pixelAt } from '../../support/draw.js';
import {
  DAMAGED,
  OTHER_FORMATS,
  OTHER_KINDS,
  type RefusedFile,
  TOO_LARGE,
} from '../../support/odd-files/cases-refused.js';
import {
  avifIn,
  heicGrid,
  JPEGS,
  OTHERS,
  PNGS,
  type RightFile,
  TIFFS,
} from '../../support/odd-files/cases-right.js';
import { insertChunk, pngChunk, writePng } from '../../support/odd-files/png.js';
import { expectRefusal, GENEROUS, largestDifference } from './measures.js';

const GREEN = [0, 255, 0];
/** What the three colours are without colour. */
const GREYS = { ellipse: 146, rectangle: 77, background: 220 };

async function read(bytes: Buffer): Promise<Picture> {
  await inspect(bytes, GENEROUS);
  return await decode(bytes);
}

describe.each([
  ['JPEG', JPEGS],
  ['PNG', PNGS],
  ['TIFF', TIFFS],
  ['others', OTHERS],
] as const)('%s: read right', (_, files) => {
  test.each<RightFile>([...files])('$name', async ({ make, tolerance = 3, isGrey = false }) => {
    const picture = await read(await make());

    expect(picture).toMatchObject({ width: 240, height: 160 });
    for (const [point, colour] of [
      ['ellipse', MAGENTA],
      ['rectangle', BLUE],
      ['background', GREEN],
    ] as const) {
      const found = pixelAt(picture, POINTS[point]).slice(0, 3);
      const expected = isGrey ? new Array<number>(3).fill(GREYS[point]) : colour;
      expect(largestDifference(found, expected)).toBeLessThanOrEqual(isGrey ? 8 : tolerance);
    }
  });
});

describe.each([
  ['another format', OTHER_FORMATS],
  ['another kind', OTHER_KINDS],
  ['damaged', DAMAGED],
  ['too large', TOO_LARGE],
] as const)('refused: %s', (_, files) => {
  test.each<RefusedFile>([...files])('$name', async ({ make, code, says }) => {
    const outcome = read(await make());

    await expectRefusal(outcome, code, says);
    const error = await outcome.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClearcutError);
    expect(error).toMatchObject({ permanence: 'permanent', remedy: expect.stringMatching(/\w{4}/) });
  });
});

describe('a HEIC of tiles', () => {
  test.each(['heic', 'mif1'])('is put together (brand %s)', async (brand) => {
    const picture = await read(await heicGrid(brand));

    expect(picture).toMatchObject({ width: 128, height: 128, channels: 3 });
    for (const [left, top] of [
      [0, 0],
      [64, 0],
      [0, 64],
      [64, 64],
    ] as const) {
      const corner = pixelAt(picture, { x: (left + 10) / 128, y: (top + 10) / 128 });
      expect(largestDifference(corner, [230, 20, 20])).toBeLessThanOrEqual(3);
    }
  });
});

describe('colours by code points', () => {
  const grey = (level: number) =>
    writePng({ width: 1, height: 1, bits: 8, colourType: 2 }, [Buffer.alloc(3, level)]);
  const dullGreen = writePng({ width: 1, height: 1, bits: 8, colourType: 2 }, [Buffer.from([100, 140, 100])]);
  const naming = (png: Buffer, primaries: number, transfer: number) =>
    insertChunk(png, pngChunk('cICP', Buffer.from([primaries, transfer, 0, 1])));

  test('of a PNG in Display P3 are brought to sRGB (CSS Color 4, section 10)', async () => {
    const { data } = await read(naming(dullGreen, 12, 13));

    expect(largestDifference(data, [87, 141, 96])).toBeLessThanOrEqual(2);
  });

  test('of a PNG go before its profile', async () => {
    const wrong = pngChunk('iCCP', Buffer.from('a\0\0'));

    const { data } = await read(insertChunk(naming(dullGreen, 12, 13), wrong));
    expect(largestDifference(data, [87, 141, 96])).toBeLessThanOrEqual(2);
  });

  test('of a PNG in HDR (PQ) keep paper white light: 203 cd/m2 is 0.58', async () => {
    const [white] = (await read(naming(grey(148), 9, 16))).data;

    expect(white).toBeGreaterThan(225);
    expect(white).toBeLessThan(255);
  });

  test('of an AVIF in BT.2020 are brought to sRGB: its green is beyond it, its magenta is not', async () => {
    const wide = await read(await avifIn(9, 13));
    const plain = await read(await avifIn(1, 13));

    expect(wide).toMatchObject({ width: 240, height: 160, channels: 3 });
    expect(largestDifference(pixelAt(plain, POINTS.ellipse), MAGENTA)).toBeLessThanOrEqual(3);
    expect(largestDifference(pixelAt(wide, POINTS.background), GREEN)).toBeLessThanOrEqual(3);
    expect(wide.data).not.toEqual(plain.data);
  });

  test('of an AVIF in linear light are brought to sRGB', async () => {
    const { data } = await read(await avifIn(1, 8));

    expect(Math.max(...data.subarray(0, 3))).toBe(255);
  });
});
