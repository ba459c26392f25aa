import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { decode } from '../../../src/image/decode.js';
import type { Rgb } from '../../support/draw.js';
import { largestDifference } from './measures.js';

const RED: Rgb = [255, 0, 0];
const TEAL: Rgb = [60, 160, 140];

describe.each([{ colour: RED }, { colour: TEAL }])('sRGB $colour stored as Display P3', ({ colour }) => {
  test('with 8 bits comes back', async () => {
    const bytes = await plain(colour).withIccProfile('p3').png().toBuffer();

    expect(largestDifference(await storedColour(bytes), colour)).toBeGreaterThan(15);
    expect(largestDifference(await decodedColour(bytes), colour)).toBeLessThanOrEqual(2);
  });

  test('with 16 bits comes back', async () => {
    const bytes = await plain(colour).toColourspace('rgb16').withIccProfile('p3').png().toBuffer();

    expect(await sharp(bytes).metadata()).toMatchObject({ depth: 'ushort', hasProfile: true });
    expect(largestDifference(await decodedColour(bytes), colour)).toBeLessThanOrEqual(2);
  });
});

test('a 16-bit picture without a profile is taken as sRGB', async () => {
  const bytes = await plain(TEAL).toColourspace('rgb16').png().toBuffer();

  expect(await sharp(bytes).metadata()).toMatchObject({ depth: 'ushort', hasProfile: false });
  expect(largestDifference(await decodedColour(bytes), TEAL)).toBeLessThanOrEqual(1);
});

// The way to ink and back costs up to 20 levels of a channel, with any colour engine: a press has fewer colours.
describe.each<{ colour: Rgb }>([
  { colour: [180, 120, 110] },
  { colour: [120, 133, 114] },
  { colour: [80, 90, 150] },
])('the printable colour $colour', ({ colour }) => {
  const ink = () => plain(colour).toColourspace('cmyk');

  test('comes back from a CMYK JPEG without a profile', async () => {
    const bytes = await ink().jpeg({ quality: 95 }).toBuffer();

    expect(await sharp(bytes).metadata()).toMatchObject({ space: 'cmyk', hasProfile: false });
    expect(largestDifference(await decodedColour(bytes), colour)).toBeLessThanOrEqual(20);
  });

  test('comes back from a CMYK JPEG with a profile', async () => {
    const bytes = await ink().withIccProfile('cmyk').jpeg({ quality: 95 }).toBuffer();

    expect(await sharp(bytes).metadata()).toMatchObject({ space: 'cmyk', hasProfile: true });
    expect(largestDifference(await decodedColour(bytes), colour)).toBeLessThanOrEqual(20);
  });
});

function plain([r, g, b]: Rgb): Sharp {
  return sharp({ create: { width: 16, height: 16, channels: 3, background: { r, g, b } } });
}

async function decodedColour(bytes: Buffer): Promise<Uint8Array> {
  const picture = await decode(bytes);
  expect(picture.channels).toBe(3);
  return picture.data.subarray(0, 3);
}

/** The numbers in the file, before its profile is applied. */
async function storedColour(bytes: Buffer): Promise<Uint8Array> {
  return (await sharp(bytes, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3);
}
