import { describe, expect, test } from 'vitest';
import { cutOut } from '../../../../src/image/cutout.js';
import type { Picture } from '../../../../src/image/decode.js';
import { decontaminate } from '../../../../src/image/foreground/decontaminate.js';
import type { Matte } from '../../../../src/image/matte.js';
import { DEFAULT_OPTIONS } from '../../../../src/image/options.js';
import { openRaw } from '../../../support/draw.js';

const WIDTH = 220;
const HEIGHT = 160;
const RED = [200, 40, 30] as const;
const GREEN = [20, 170, 60] as const;

/** A red disc with an edge of 24 pixels, as hair has it, before a green wall that is darker on one side. */
function drawDisc(channels: 3 | 4 = 3): { picture: Picture; matte: Matte } {
  const data = new Uint8Array(WIDTH * HEIGHT * channels);
  const levels = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, at++) {
      const distance = Math.hypot(x - WIDTH / 2, y - HEIGHT / 2);
      const alpha = Math.min(Math.max((62 - distance) / 24, 0), 1);
      const level = Math.round(alpha * 255);
      levels[at] = level;
      for (let channel = 0; channel < 3; channel++) {
        const wall = (GREEN[channel] as number) * (0.6 + (0.4 * x) / WIDTH);
        data[at * channels + channel] = Math.round(
          ((RED[channel] as number) * level + wall * (255 - level)) / 255,
        );
      }
      if (channels === 4) data[at * 4 + 3] = 255;
    }
  }
  return {
    picture: { data, width: WIDTH, height: HEIGHT, channels },
    matte: { data: levels, width: WIDTH, height: HEIGHT },
  };
}

/** Mean difference of the edge's colours from the disc's, each as far as it can be seen. */
function fringe({ data, channels }: Picture, matte: Matte): number {
  let sum = 0;
  let seen = 0;
  for (const [at, level] of matte.data.entries()) {
    if (level === 0 || level === 255) continue;
    seen += level;
    for (let channel = 0; channel < 3; channel++) {
      sum += level * Math.abs((data[at * channels + channel] as number) - (RED[channel] as number));
    }
  }
  return sum / (3 * seen);
}

function pixelsWhere(picture: Picture, matte: Matte, wanted: (level: number) => boolean): number[] {
  const { data, channels } = picture;
  return [...matte.data.keys()]
    .filter((at) => wanted(matte.data[at] as number))
    .flatMap((at) => [...data.subarray(at * channels, at * channels + channels)]);
}

describe('taking the background out of colours', () => {
  test('leaves a sixth of the fringe of a soft edge', () => {
    const { picture, matte } = drawDisc();
    const before = fringe(picture, matte);

    decontaminate(picture, matte);

    expect(before).toBeGreaterThan(20);
    expect(fringe(picture, matte)).toBeLessThan(before / 6);
  });

  test('leaves what is wholly subject or wholly background as it is', () => {
    const { picture, matte } = drawDisc();
    const isCertain = (level: number) => level === 0 || level === 255;
    const before = pixelsWhere(picture, matte, isCertain);

    decontaminate(picture, matte);

    expect(pixelsWhere(picture, matte, isCertain)).toEqual(before);
  });

  test.each([0, 255])('changes nothing where there is no edge: all of the matte is %i', (level) => {
    const { picture } = drawDisc();
    const before = picture.data.slice();

    decontaminate(picture, {
      data: new Uint8Array(WIDTH * HEIGHT).fill(level),
      width: WIDTH,
      height: HEIGHT,
    });

    expect(picture.data).toEqual(before);
  });

  test('looks only where the matte says that something is', () => {
    const { picture, matte } = drawDisc();
    const extents = new Int32Array(2 * HEIGHT);
    const before = picture.data.slice();

    decontaminate(picture, { ...matte, extents });

    expect(picture.data).toEqual(before);
  });

  test('takes no colour for one that lies under the transparency of the picture itself', () => {
    const { picture, matte } = drawDisc(4);
    // What was cut out of it before is black, and where the background is.
    for (const [at, level] of matte.data.entries()) {
      if (level === 0) picture.data.set([0, 0, 0, 0], at * 4);
    }
    const { picture: whole } = drawDisc(4);
    decontaminate(whole, matte);

    decontaminate(picture, matte);

    expect(fringe(picture, matte)).toBeLessThan(1.5 * fringe(whole, matte) + 4);
  });

  test('does not touch the alpha of the picture', () => {
    const { picture, matte } = drawDisc(4);

    decontaminate(picture, matte);

    expect(picture.data.every((value, at) => at % 4 !== 3 || value === 255)).toBe(true);
  });

  test.each([
    { decontaminate: true, green: 45 },
    { decontaminate: false, green: 105 },
  ])('is done in a cut-out unless it is not wished for: %o', async ({ decontaminate, green }) => {
    const { picture, matte } = drawDisc();
    const side = 160;
    const data = new Uint8Array(side * side);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        data[y * side + x] = matte.data[y * WIDTH + Math.floor((x * WIDTH) / side)] as number;
      }
    }
    const source = {
      side,
      infer: async () => ({ data, side, coverage: 0.3, rawRange: { min: 0, max: 1 }, isStretched: true }),
    };
    const png = await openRaw({ ...picture, data: Buffer.from(picture.data) })
      .png()
      .toBuffer();

    const { files } = await cutOut(png, source, { ...DEFAULT_OPTIONS, decontaminate });

    const pixels = await readPixels(files[0].bytes);
    // In the middle of the edge, on its right.
    const at = (HEIGHT / 2) * WIDTH + WIDTH / 2 + 50;
    expect(pixels[at * 4 + 3]).toBeGreaterThan(100);
    expect(Math.abs((pixels[at * 4 + 1] as number) - green)).toBeLessThan(20);
  });
});

async function readPixels(bytes: Uint8Array): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  return await sharp(bytes).ensureAlpha().raw().toBuffer();
}
