import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { estimateMemory, inspect } from '../../../src/image/inspect.js';
import { DEFAULT_OPTIONS, type PictureOptions } from '../../../src/image/options.js';
import { drawSubject } from '../../support/draw.js';
import { expectRefusal, GENEROUS } from './measures.js';

test('a header that claims a huge picture is refused without decoding', async () => {
  const bomb = forgePng(100_000, 100_000);

  await expectRefusal(
    inspect(bomb, GENEROUS),
    'IMAGE_TOO_MANY_PIXELS',
    '100,000 x 100,000 = 10,000,000,000 pixels, more than the limit of 10,000,000',
  );
});

test('the forged picture has nothing to decode: only its header was read', async () => {
  await expect(sharp(forgePng(100, 100)).raw().toBuffer()).rejects.toThrow();
  expect(await inspect(forgePng(100, 100), GENEROUS)).toMatchObject({ width: 100, height: 100 });
});

test('a picture of exactly maxPixels passes, one pixel less does not', async () => {
  const bytes = await drawSubject({ width: 50, height: 40 });

  expect(await inspect(bytes, { ...GENEROUS, maxPixels: 2000 })).toMatchObject({ width: 50, height: 40 });
  await expectRefusal(inspect(bytes, { ...GENEROUS, maxPixels: 1999 }), 'IMAGE_TOO_MANY_PIXELS', '50 x 40');
});

test('a file of exactly maxBytes passes, one byte less does not', async () => {
  const bytes = await drawSubject();

  expect(await inspect(bytes, { ...GENEROUS, maxBytes: bytes.length })).toMatchObject({ format: 'jpeg' });
  await expectRefusal(
    inspect(bytes, { ...GENEROUS, maxBytes: bytes.length - 1 }),
    'IMAGE_TOO_MANY_BYTES',
    `${bytes.length.toLocaleString('en')} bytes`,
  );
});

test.each(['gif', 'webp'] as const)('frames of %s: maxFrames passes, one more does not', async (format) => {
  const frame = await drawSubject({ width: 30, height: 20, format: 'png' });
  const other = await drawSubject({ width: 30, height: 20, format: 'png', background: '#ff0000' });
  const bytes = await sharp([frame, other, frame], { join: { animated: true } })
    .toFormat(format)
    .toBuffer();

  expect(await inspect(bytes, { ...GENEROUS, maxFrames: 3, maxPixels: 600 })).toMatchObject({ frames: 3 });
  await expectRefusal(inspect(bytes, { ...GENEROUS, maxFrames: 2 }), 'IMAGE_TOO_MANY_FRAMES', '3 frames');
});

test('the memory estimate grows with the size, an alpha, a turn and the encoder', () => {
  const photo = {
    format: 'jpeg',
    width: 4000,
    height: 3000,
    hasAlpha: false,
    isTurned: false,
    frames: 1,
  } as const;
  const png = DEFAULT_OPTIONS;
  const decodedBytes = 4000 * 3000 * 3;

  expect(estimateMemory(photo, png)).toBeGreaterThan(2 * decodedBytes);
  expect(estimateMemory({ ...photo, width: 8000 }, png)).toBeGreaterThan(
    estimateMemory(photo, png) + 2 * decodedBytes,
  );
  expect(estimateMemory({ ...photo, hasAlpha: true }, png)).toBeGreaterThan(estimateMemory(photo, png));
  expect(estimateMemory({ ...photo, format: 'avif', isTurned: true }, png)).toBeGreaterThan(
    estimateMemory({ ...photo, format: 'avif' }, png),
  );
  expect(estimateMemory(photo, { ...png, format: 'webp' })).toBeGreaterThan(estimateMemory(photo, png));
});

test('a smaller WebP is estimated below one at full size; a maxSide above the size changes nothing', () => {
  const photo = {
    format: 'jpeg',
    width: 4000,
    height: 3000,
    hasAlpha: false,
    isTurned: false,
    frames: 1,
  } as const;
  const fullSize = estimateMemory(photo, { ...DEFAULT_OPTIONS, format: 'webp' });

  expect(estimateMemory(photo, { ...DEFAULT_OPTIONS, format: 'webp', maxSide: 1000 })).toBeLessThan(fullSize);
  expect(estimateMemory(photo, { ...DEFAULT_OPTIONS, format: 'webp', maxSide: 5000 })).toBe(fullSize);
});

describe('the memory estimate of an option', () => {
  const photo = {
    format: 'jpeg',
    width: 4000,
    height: 3000,
    hasAlpha: false,
    isTurned: false,
    frames: 1,
  } as const;
  const zero = { px: 0 };
  const half = { share: 0.5 };
  const noMargin = { top: zero, right: zero, bottom: zero, left: zero };
  const estimate = (options: Partial<PictureOptions>) =>
    estimateMemory(photo, { ...DEFAULT_OPTIONS, ...options });

  test.each<{ name: string; options: Partial<PictureOptions> }>([
    { name: 'AVIF', options: { format: 'avif' } },
    { name: 'a resize', options: { scale: 0.5 } },
    { name: 'a larger canvas', options: { canvas: { width: 6000, height: 6000 } } },
    { name: '16 bits a channel', options: { depth: 16 } },
    { name: 'a shadow', options: { shadow: { opacity: 1, blur: 0.1, offsetX: 0, offsetY: 0 } } },
    { name: 'a region', options: { region: { left: zero, top: zero, right: half, bottom: half } } },
  ])('$name is counted', ({ options }) => {
    expect(estimate(options)).toBeGreaterThan(estimate({}));
  });

  test('16 bits a channel count where decoding takes the most', () => {
    const avif = { ...photo, format: 'avif', hasAlpha: true, isTurned: true } as const;

    // Decoded again, with twice the bytes, beside the picture and its matte.
    expect(estimateMemory(avif, { ...DEFAULT_OPTIONS, depth: 16 })).toBeGreaterThanOrEqual(
      estimateMemory(avif, DEFAULT_OPTIONS) + 4000 * 3000 * (2 * 4 + 4 + 1),
    );
  });

  test('a mask takes less than the cut-out, and both no less than either', () => {
    expect(estimate({ output: 'mask', format: 'webp' })).toBeLessThan(estimate({ format: 'webp' }));
    expect(estimate({ output: 'both', format: 'webp' })).toBeGreaterThanOrEqual(estimate({ format: 'webp' }));
  });

  test('metadata makes a WebP go through a PNG', () => {
    expect(estimate({ format: 'webp', metadata: 'keep' })).toBeGreaterThan(estimate({ format: 'webp' }));
  });

  test('a margin counts in what is held as a whole', () => {
    const margin = { top: half, right: half, bottom: half, left: half };

    expect(estimate({ format: 'webp', crop: margin })).toBeGreaterThan(
      3 * estimate({ format: 'webp', crop: noMargin }),
    );
    expect(estimate({ format: 'webp', crop: margin, maxSide: 1000 })).toBeLessThan(
      estimate({ format: 'webp' }),
    );
  });

  test('an image behind the picture is counted: its file, its decoder and its pixels', () => {
    const bytes = new Uint8Array(10_000_000);
    const background = { kind: 'image', bytes } as const;
    const small = { ...photo, width: 100, height: 100 };
    const withSmall = estimateMemory(photo, { ...DEFAULT_OPTIONS, background }, small);
    const large = { ...photo, width: 16_000, height: 12_000 };

    expect(withSmall).toBeGreaterThanOrEqual(estimate({}) + bytes.length + 4000 * 3000 * 4);
    expect(estimateMemory(photo, { ...DEFAULT_OPTIONS, background }, large)).toBeGreaterThan(2 * withSmall);
  });
});

/** A PNG with right checksums whose header claims any size and whose pixels are missing (PNG specification, 5 and 11). */
function forgePng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    pngChunk('IDAT', Buffer.alloc(8)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), chunk.length - 4);
  return chunk;
}
