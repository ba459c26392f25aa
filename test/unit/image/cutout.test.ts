import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { cutOut, type MatteSource } from '../../../src/image/cutout.js';
import { decode } from '../../../src/image/decode.js';
import { toModelInput } from '../../../src/image/model-input.js';
import { DEFAULT_OPTIONS } from '../../../src/image/options.js';
import {
  drawSubject,
  MAGENTA,
  openRaw,
  POINTS,
  pixelAt,
  subjectMatte,
  subjectPixels,
} from '../../support/draw.js';
import { expectRefusal, largestDifference, meanDifference } from './measures.js';

const SIDE = 64;

describe('toModelInput', () => {
  test('stretches the picture to the square of the model', async () => {
    const input = await toModelInput(await decode(await drawSubject({ format: 'png' })), SIDE);

    const picture = { data: input, width: SIDE, height: SIDE, channels: 3 };
    expect(input.length).toBe(SIDE * SIDE * 3);
    expect(pixelAt(picture, POINTS.ellipse)).toEqual([...MAGENTA]);
    expect(pixelAt(picture, POINTS.background)).toEqual([0, 255, 0]);
    expect(meanDifference(input, subjectPixels({ width: SIDE, height: SIDE }).data)).toBeLessThan(6);
  });

  test.each([8, 64, 320])('owns its buffer at side %i: it can be moved to another thread', async (side) => {
    const input = await toModelInput(await decode(await drawSubject({ format: 'png' })), side);
    const expected = Buffer.from(input);

    expect(input.byteOffset).toBe(0);
    expect(input.buffer.byteLength).toBe(side * side * 3);
    const moved = structuredClone(input, { transfer: [input.buffer] });
    expect(input.length).toBe(0);
    expect(expected.equals(moved)).toBe(true);
  });

  test('shows mid-grey through transparent parts', async () => {
    const white = { r: 255, g: 255, b: 255 };
    const bytes = await sharp({
      create: { width: 20, height: 20, channels: 4, background: { ...white, alpha: 0 } },
    })
      .png()
      .toBuffer();

    const input = await toModelInput(await decode(bytes), 8);
    expect(largestDifference(input, new Uint8Array(8 * 8 * 3).fill(128))).toBe(0);
  });

  test.each([
    [1, 1],
    [5000, 1],
    [1, 5000],
  ])('takes a picture of %i x %i', async (width, height) => {
    const data = new Uint8Array(width * height * 3).fill(77);

    const input = await toModelInput({ data, width, height, channels: 3 }, 32);
    expect(largestDifference(input, new Uint8Array(32 * 32 * 3).fill(77))).toBe(0);
  });
});

describe('cutOut', () => {
  test('takes a turned JPEG to an upright cut-out', async () => {
    const { source, inputs } = knowingSource();
    const { files, coverage } = await cutOut(await drawSubject({ orientation: 6 }), source, DEFAULT_OPTIONS);

    expect(files).toMatchObject([{ kind: 'cutout', contentType: 'image/png', width: 240, height: 160 }]);
    expect(coverage).toBe(0.25);
    expect(meanDifference(inputs[0] ?? [], subjectPixels({ width: SIDE, height: SIDE }).data)).toBeLessThan(
      8,
    );
    const picture = await readCutout(files[0].bytes);
    expect(largestDifference(pixelAt(picture, POINTS.ellipse), [...MAGENTA, 255])).toBeLessThanOrEqual(3);
    expect(pixelAt(picture, POINTS.background)).toEqual([0, 0, 0, 0]);
  });

  test('leaves out the metadata of the input', async () => {
    const bytes = await openRaw(subjectPixels())
      .withExif({ IFD0: { Artist: 'Somebody' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
      .withIccProfile('p3')
      .jpeg()
      .toBuffer();
    expect((await sharp(bytes).metadata()).exif?.toString('latin1')).toContain('Somebody');

    const [cutout] = (await cutOut(bytes, knowingSource().source, DEFAULT_OPTIONS)).files;
    const { exif, icc, orientation } = await sharp(cutout.bytes).metadata();
    expect({ exif, icc, orientation }).toEqual({ exif: undefined, icc: undefined, orientation: undefined });
  });

  test('keeps what was transparent in the input transparent', async () => {
    const lowerHalf = Buffer.alloc(240 * 80 * 4, 255);
    const raw = { width: 240, height: 80, channels: 4 } as const;
    const bytes = await openRaw(subjectPixels())
      .ensureAlpha()
      .composite([{ input: lowerHalf, raw, blend: 'dest-out', top: 80, left: 0 }])
      .png()
      .toBuffer();

    const [cutout] = (await cutOut(bytes, knowingSource().source, DEFAULT_OPTIONS)).files;
    const picture = await readCutout(cutout.bytes);
    expect(pixelAt(picture, { x: 0.35, y: 0.4 })).toEqual([...MAGENTA, 255]);
    expect(pixelAt(picture, { x: 0.35, y: 0.6 })).toEqual([0, 0, 0, 0]);
  });

  test('reports the time of every stage', async () => {
    const { timings } = await cutOut(await drawSubject(), knowingSource().source, DEFAULT_OPTIONS);

    expect(Object.keys(timings).sort()).toEqual(['compose', 'decode', 'encode', 'infer']);
    for (const milliseconds of Object.values(timings)) expect(milliseconds).toBeGreaterThanOrEqual(0);
  });

  test('does not ask for a matte of a damaged picture', async () => {
    const { source, inputs } = knowingSource();
    const whole = await drawSubject();

    await expectRefusal(
      cutOut(whole.subarray(0, whole.length / 2), source, DEFAULT_OPTIONS),
      'IMAGE_CORRUPT',
      'premature end',
    );
    expect(inputs).toEqual([]);
  });
});

/** Knows the matte of the drawing; keeps the pictures that it was shown. */
function knowingSource() {
  const inputs: Uint8Array[] = [];
  const source: MatteSource = {
    side: SIDE,
    infer: (rgb) => {
      inputs.push(rgb);
      const { data } = subjectMatte({ width: SIDE, height: SIDE });
      return Promise.resolve({ data, side: SIDE, coverage: 0.25 });
    },
  };
  return { source, inputs };
}

async function readCutout(bytes: Uint8Array) {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}
