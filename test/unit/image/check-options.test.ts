import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { inspectOptions } from '../../../src/image/check-options.js';
import { refuseContradictions } from '../../../src/image/contradictions.js';
import { type Background, DEFAULT_OPTIONS } from '../../../src/image/options.js';
import { drawSubject } from '../../support/draw.js';
import { expectRefusal, GENEROUS } from './measures.js';

const JPG = { ...DEFAULT_OPTIONS, format: 'jpg' } as const;

describe('a JPEG', () => {
  test.each<{ name: string; background: Background }>([
    { name: 'no background', background: { kind: 'none' } },
    { name: 'a colour that is not opaque', background: { kind: 'color', rgba: [255, 255, 255, 254] } },
  ])('with $name is refused, unless it is the mask alone', ({ background }) => {
    const refusal = expect.objectContaining({
      code: 'OPTIONS_INVALID',
      message: expect.stringContaining('JPEG'),
    });

    expect(() => refuseContradictions({ ...JPG, background })).toThrow(refusal);
    expect(() => refuseContradictions({ ...JPG, background, output: 'both' })).toThrow(refusal);
    expect(() => refuseContradictions({ ...JPG, background, output: 'mask' })).not.toThrow();
    expect(() => refuseContradictions({ ...JPG, background, format: 'auto' })).not.toThrow();
  });

  test('with an opaque colour or an image is fine', () => {
    const rgba = [1, 2, 3, 255] as const;
    expect(() => refuseContradictions({ ...JPG, background: { kind: 'color', rgba } })).not.toThrow();
    const image = { kind: 'image', bytes: new Uint8Array(1) } as const;
    expect(() => refuseContradictions({ ...JPG, background: image })).not.toThrow();
  });

  test('is refused before an image that shines through somewhere, and only there', async () => {
    const withAlpha = async (alpha: number) => {
      const create = { width: 8, height: 8, channels: 4, background: { r: 1, g: 2, b: 3, alpha } } as const;
      return {
        ...JPG,
        background: { kind: 'image', bytes: await sharp({ create }).png().toBuffer() } as const,
      };
    };

    await expectRefusal(inspectOptions(await withAlpha(0.9), GENEROUS), 'OPTIONS_INVALID', 'transparent');
    expect(await inspectOptions(await withAlpha(1), GENEROUS)).toMatchObject({ hasAlpha: true });
    expect(await inspectOptions({ ...(await withAlpha(0.9)), format: 'png' }, GENEROUS)).toMatchObject({
      format: 'png',
    });
  });
});

describe('a background image', () => {
  test('is told about', async () => {
    const bytes = await drawSubject({ width: 30, height: 20 });

    const info = await inspectOptions({ ...DEFAULT_OPTIONS, background: { kind: 'image', bytes } }, GENEROUS);
    expect(info).toMatchObject({ format: 'jpeg', width: 30, height: 20 });
  });

  test('is held against the limits of pictures, and its format is one of theirs', async () => {
    const bytes = await drawSubject({ width: 30, height: 20 });
    const options = { ...DEFAULT_OPTIONS, background: { kind: 'image', bytes } } as const;

    await expectRefusal(
      inspectOptions(options, { ...GENEROUS, maxPixels: 599 }),
      'OPTIONS_INVALID',
      /^The background cannot be used: The picture has 30 x 20/,
    );
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');
    await expectRefusal(
      inspectOptions({ ...options, background: { kind: 'image', bytes: svg } }, GENEROUS),
      'OPTIONS_INVALID',
      'like SVG',
    );
  });
});

test('a canvas is held against the limit of pixels', async () => {
  const options = { ...DEFAULT_OPTIONS, canvas: { width: 50, height: 40 } };

  expect(await inspectOptions(options, { ...GENEROUS, maxPixels: 2000 })).toBeUndefined();
  await expectRefusal(
    inspectOptions(options, { ...GENEROUS, maxPixels: 1999 }),
    'OPTIONS_INVALID',
    'The canvas of 50 x 40',
  );
});
