import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { cutOut, type MatteSource } from '../../../src/image/cutout.js';
import { estimateMemory, inspect, refuseLongAnimation } from '../../../src/image/inspect.js';
import { DEFAULT_OPTIONS, type PictureOptions } from '../../../src/image/options.js';
import { GENEROUS } from './measures.js';

const WIDTH = 96;
const HEIGHT = 64;
const SIDE = 96;
const DELAY = [70, 140, 210];
const RED = [200, 30, 30];
/** Left edge of the subject, a red square of 32 pixels, in each frame. */
const PLACES = [4, 30, 56];
const ALL = { ...DEFAULT_OPTIONS, frames: 'all', format: 'webp' } as const;

/** The square goes from left to right before green. */
async function drawAnimation(format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = PLACES.map((left) => {
    const data = Buffer.alloc(WIDTH * HEIGHT * 3);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const isInside = x >= left && x < left + 32 && y >= 16 && y < 48;
        data.set(isInside ? RED : [20, 160, 60], (y * WIDTH + x) * 3);
      }
    }
    return data;
  });
  const raw = { width: WIDTH, height: HEIGHT * 3, channels: 3, pageHeight: HEIGHT } as const;
  const all = sharp(Buffer.concat(frames), { raw });
  return format === 'gif'
    ? await all.gif({ delay: DELAY, loop: 2 }).toBuffer()
    : await all.webp({ lossless: true, delay: DELAY, loop: 2 }).toBuffer();
}

/** Says of what is red that it is the subject, in whatever frame it is shown. */
const source: MatteSource = {
  side: SIDE,
  infer: async (rgb) => {
    const data = new Uint8Array(SIDE * SIDE).map((_, at) => ((rgb[at * 3] as number) > 110 ? 255 : 0));
    return { data, side: SIDE, coverage: 0.16, rawRange: { min: 0, max: 1 }, isStretched: true };
  },
};

async function make(format: 'gif' | 'webp', options: Partial<PictureOptions> = {}) {
  return await cutOut(await drawAnimation(format), source, { ...ALL, ...options });
}

async function framesOf(bytes: Uint8Array) {
  const { delay, loop, pages = 1 } = await sharp(bytes, { pages: -1 }).metadata();
  const { data, info } = await sharp(bytes, { pages: -1 })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const height = info.height / pages;
  const pixel = (frame: number, x: number, y: number) => {
    const at = ((frame * height + y) * info.width + x) * 4;
    return [...data.subarray(at, at + 4)];
  };
  return { delay, loop, pages, width: info.width, height, pixel };
}

describe('frames: all', () => {
  test.each(['gif', 'webp'] as const)('of a %s are all cut out, and run as they did', async (format) => {
    const { files, verdict } = await make(format);
    const result = await framesOf(files[0].bytes);

    expect(files).toMatchObject([
      { kind: 'cutout', contentType: 'image/webp', width: WIDTH, height: HEIGHT },
    ]);
    expect(result).toMatchObject({ pages: 3, delay: DELAY, loop: 2, width: WIDTH, height: HEIGHT });
    expect(verdict.subject).toBe(true);
    for (const [frame, left] of PLACES.entries()) {
      expect(result.pixel(frame, left + 16, 32)[3]).toBe(255);
      for (const other of PLACES.filter((place) => Math.abs(place - left) > 32)) {
        expect(result.pixel(frame, other + 16, 32)[3]).toBe(0);
      }
    }
  });

  test('are cropped to wherever the subject ever is', async () => {
    const none = { px: 0 };
    const { files } = await make('webp', { crop: { top: none, right: none, bottom: none, left: none } });

    expect(files[0].width).toBeGreaterThan(80);
    expect(files[0].width).toBeLessThan(92);
    expect(files[0].height).toBeLessThan(40);
  });

  test('have a mask that is animated as well', async () => {
    const { files } = await make('gif', { output: 'both' });
    const mask = await framesOf(files[1]?.bytes as Uint8Array);

    expect(files.map(({ kind }) => kind)).toEqual(['cutout', 'mask']);
    expect(mask).toMatchObject({ pages: 3, delay: DELAY });
    expect(mask.pixel(0, 20, 32)[0]).toBeGreaterThan(250);
    expect(mask.pixel(2, 20, 32)[0]).toBeLessThan(5);
  });

  test('are wanted of a picture that has one: it is cut out as ever', async () => {
    const still = await sharp(await drawAnimation('webp'))
      .png()
      .toBuffer();
    const { files } = await cutOut(still, source, ALL);

    expect(await framesOf(files[0].bytes)).toMatchObject({ pages: 1, width: WIDTH });
  });

  test('fail together where one shows nothing and none may', async () => {
    let asked = 0;
    const second: MatteSource = {
      ...source,
      infer: async (rgb) => {
        const matte = await source.infer(rgb);
        asked += 1;
        return asked === 2
          ? { ...matte, data: new Uint8Array(SIDE * SIDE), rawRange: { min: 0, max: 0 } }
          : matte;
      },
    };

    await expect(
      cutOut(await drawAnimation('gif'), second, { ...ALL, noSubject: 'fail' }),
    ).rejects.toMatchObject({ code: 'NO_SUBJECT' });
  });
});

test('the first frame alone is taken unless all are wanted', async () => {
  const { files } = await make('gif', { frames: 'first' });

  expect(await framesOf(files[0].bytes)).toMatchObject({ pages: 1 });
});

describe('the limits of all frames', () => {
  test('count their pixels together', async () => {
    const info = await inspect(await drawAnimation('gif'), GENEROUS);
    const pixels = 3 * WIDTH * HEIGHT;

    expect(() => refuseLongAnimation(info, ALL, { ...GENEROUS, maxPixels: pixels })).not.toThrow();
    expect(() => refuseLongAnimation(info, ALL, { ...GENEROUS, maxPixels: pixels - 1 })).toThrow('3 frames');
    expect(() => refuseLongAnimation(info, DEFAULT_OPTIONS, { ...GENEROUS, maxPixels: 1 })).not.toThrow();
  });

  test('memory is counted for each of them', () => {
    const info = { format: 'gif', width: 1000, height: 1000, hasAlpha: true, isTurned: false } as const;
    const of = (frames: number, options: PictureOptions) => estimateMemory({ ...info, frames }, options);

    expect(of(30, ALL) - of(20, ALL)).toBeGreaterThan(10 * 17 * 1_000_000);
    expect(of(30, DEFAULT_OPTIONS)).toBe(of(1, DEFAULT_OPTIONS));
  });
});
