import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { cutOut, type MatteSource } from '../../../src/image/cutout.js';
import { DEFAULT_OPTIONS, type PictureOptions } from '../../../src/image/options.js';
import { largestDifference } from './measures.js';

const WIDTH = 64;
const HEIGHT = 48;
const SIDE = 64;
const FULL = 65_535;
/** The subject fills the middle half of the width and of the height, its left edge is half transparent. */
const LEFT = 16;
const MIDDLE = { x: 32, y: 24 };

/** Colours that 8 bits cannot tell apart. */
function ramp(channels: 3 | 4 = 3): Uint16Array {
  const data = new Uint16Array(WIDTH * HEIGHT * channels);
  for (let at = 0; at < WIDTH * HEIGHT; at++) {
    const x = at % WIDTH;
    data.set([20_000 + 7 * x, 40_000 + 3 * x, 50_000 - 5 * x], at * channels);
    if (channels === 4) data[at * 4 + 3] = FULL;
  }
  return data;
}

async function drawDeep(): Promise<Buffer> {
  const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
  return await sharp(ramp(), { raw }).toColourspace('rgb16').png().toBuffer();
}

const source: MatteSource = {
  side: SIDE,
  infer: async () => {
    const data = new Uint8Array(SIDE * SIDE);
    for (let y = SIDE / 4; y < (3 * SIDE) / 4; y++) {
      data.fill(255, y * SIDE + LEFT, y * SIDE + 48);
      data[y * SIDE + LEFT] = 128;
    }
    return { data, side: SIDE, coverage: 0.25, rawRange: { min: 0, max: 1 }, isStretched: true };
  },
};

async function make(options: Partial<PictureOptions> = {}) {
  const { files } = await cutOut(await drawDeep(), source, { ...DEFAULT_OPTIONS, depth: 16, ...options });
  return files;
}

async function read(bytes: Uint8Array) {
  const metadata = await sharp(bytes).metadata();
  const { data, info } = await sharp(bytes)
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return {
    depth: metadata.depth,
    ...info,
    at: (x: number, y: number) => [
      ...samples.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4),
    ],
  };
}

describe('depth: 16', () => {
  test('keeps colours of 16 bits where the subject is, to the last bit', async () => {
    const [file] = await make();
    const result = await read(file.bytes);

    expect(file).toMatchObject({ kind: 'cutout', contentType: 'image/png', width: WIDTH, height: HEIGHT });
    expect(result.depth).toBe('ushort');
    const { x, y } = MIDDLE;
    expect(result.at(x, y)).toEqual([20_000 + 7 * x, 40_000 + 3 * x, 50_000 - 5 * x, FULL]);
    expect(result.at(x + 1, y)[0]).toBe(20_000 + 7 * (x + 1));
  });

  test('has nothing where the subject is not, and half of it at its soft edge', async () => {
    const result = await read((await make())[0].bytes);

    expect(result.at(2, 2)).toEqual([0, 0, 0, 0]);
    const [red, , , alpha] = result.at(LEFT, MIDDLE.y);
    expect(alpha).toBeGreaterThan(0.3 * FULL);
    expect(alpha).toBeLessThan(0.7 * FULL);
    expect(red).toBeCloseTo(20_000 + 7 * LEFT, -3);
  });

  test('is cropped without a change', async () => {
    const none = { px: 0 };
    const [file] = await make({ crop: { top: none, right: none, bottom: none, left: none } });
    const result = await read(file.bytes);

    expect(file.width).toBeLessThan(36);
    const left = result.at(0, 10)[3] === FULL ? LEFT + 1 : LEFT;
    const x = left + 12;
    expect(result.at(12, 10)).toEqual([20_000 + 7 * x, 40_000 + 3 * x, 50_000 - 5 * x, FULL]);
  });

  test('is made smaller without a dark fringe', async () => {
    const [file] = await make({ maxSide: 32, decontaminate: false });
    const result = await read(file.bytes);

    expect(file).toMatchObject({ width: 32, height: 24 });
    for (let x = 0; x < 32; x++) {
      const [red, , , alpha] = result.at(x, 12);
      if ((alpha as number) > FULL / 10) expect(red).toBeGreaterThan(19_500);
    }
  });

  test('lies on a background, and over a shadow', async () => {
    const [file] = await make({
      background: { kind: 'color', rgba: [255, 0, 0, 255] },
      shadow: { opacity: 1, blur: 0.1, offsetX: 0.3, offsetY: 0.3 },
    });
    const result = await read(file.bytes);

    expect(result.at(0, 0)).toEqual([FULL, 0, 0, FULL]);
    const { x, y } = MIDDLE;
    expect(result.at(x, y)).toEqual([20_000 + 7 * x, 40_000 + 3 * x, 50_000 - 5 * x, FULL]);
    // Right below the subject.
    expect(result.at(45, 40)[0]).toBeLessThan(FULL / 2);
  });

  test('is embedded what is kept', async () => {
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    const p3 = await sharp(ramp(), { raw }).toColourspace('rgb16').withIccProfile('p3').png().toBuffer();
    const { files } = await cutOut(p3, source, { ...DEFAULT_OPTIONS, depth: 16, profile: 'keep' });

    const { icc, depth } = await sharp(files[0].bytes).metadata();
    expect(depth).toBe('ushort');
    expect(icc?.equals((await sharp(p3).metadata()).icc as Buffer)).toBe(true);
  });

  test('of a picture of 8 bits is what 8 bits are', async () => {
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    const png = await sharp(Buffer.alloc(WIDTH * HEIGHT * 3, 100), { raw })
      .png()
      .toBuffer();
    const { files } = await cutOut(png, source, { ...DEFAULT_OPTIONS, depth: 16 });

    const result = await read(files[0].bytes);
    const expected = [100, 100, 100, 255].map((value) => value * 257);
    expect(largestDifference(result.at(MIDDLE.x, MIDDLE.y), expected)).toBeLessThan(257);
  });

  test('leaves the mask at 8 bits', async () => {
    const files = await make({ output: 'both' });

    expect(files.map(({ kind }) => kind)).toEqual(['cutout', 'mask']);
    expect((await sharp(files[1]?.bytes).metadata()).depth).toBe('uchar');
  });
});
