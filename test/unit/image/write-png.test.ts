import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { writePng } from '../../../src/image/png/write-png.js';

/** What fills the pixels outside of an extent, which are not to be looked at. */
const RUBBISH = 0x12345678;

const sizes = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 12 }));
const pictures = sizes.chain(([width, height]) =>
  fc.record({
    width: fc.constant(width),
    height: fc.constant(height),
    // Few values make runs, many make literals; runs of all lengths come from repeating each value.
    values: fc.array(fc.oneof(fc.constant(0), fc.constant(-1), fc.integer()), {
      minLength: 1,
      maxLength: 60,
    }),
    runs: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }),
    extents: fc.array(fc.tuple(fc.integer({ min: 0, max: width }), fc.integer({ min: 0, max: width })), {
      minLength: height,
      maxLength: height,
    }),
  }),
);

test('whatever the pixels and extents, decoding gives them back', async () => {
  await fc.assert(
    fc.asyncProperty(pictures, async ({ width, height, values, runs, extents }) => {
      const pixels = fill(width * height, values, runs);
      const expected = pixels.map((pixel, at) => (isWithin(extents, at, width) ? pixel : 0));

      const png = writePng(width, height, (y, row) => {
        const [from, to] = extents[y] ?? [0, 0];
        row.fill(RUBBISH);
        if (from < to) row.set(pixels.subarray(y * width + from, y * width + to), from);
        return { from, to };
      });
      expect(await readPng(png)).toEqual(Buffer.from(expected.buffer));
    }),
    { numRuns: 100 },
  );
});

test.each([
  { name: 'noise', pixelOf: (at: number) => Math.imul(at + 1, 0x9e3779b1) ^ (at << 7) },
  { name: 'one colour', pixelOf: () => -1 },
  { name: 'nothing', pixelOf: () => 0 },
  // Counts that grow like these want codes longer than there may be.
  { name: 'steeply uneven values', pixelOf: (at: number) => 31 - Math.clz32(Math.imul(at, 2654435761) | 1) },
])('$name over several blocks comes back', async ({ pixelOf }) => {
  const [width, height] = [1_000, 700];
  const pixels = Int32Array.from({ length: width * height }, (_, at) => pixelOf(at));

  const png = writePng(width, height, rowsOf(pixels, width));
  expect((await readPng(png)).equals(Buffer.from(pixels.buffer))).toBe(true);
});

test('a blank picture takes next to no bytes', () => {
  const png = writePng(4_000, 3_000, () => ({ from: 4_000, to: 0 }));

  expect(png.length).toBeLessThan((4_000 * 3_000 * 4) / 500);
  expect(inflateSync(idatOf(png)).length).toBe(3_000 * (4_000 * 4 + 1));
});

function rowsOf(pixels: Int32Array, width: number) {
  return (y: number, row: Int32Array) => {
    row.set(pixels.subarray(y * width, (y + 1) * width));
    return { from: 0, to: width };
  };
}

function fill(length: number, values: readonly number[], runs: readonly number[]): Int32Array {
  const pixels = new Int32Array(length);
  for (let at = 0, step = 0; at < length; step++) {
    const end = at + (runs[step % runs.length] ?? 1);
    pixels.fill(values[step % values.length] ?? 0, at, end);
    at = end;
  }
  return pixels;
}

function isWithin(extents: ReadonlyArray<[number, number]>, at: number, width: number): boolean {
  const [from, to] = extents[Math.floor(at / width)] ?? [0, 0];
  return at % width >= from && at % width < to;
}

async function readPng(png: Uint8Array): Promise<Buffer> {
  const { data, info } = await sharp(png, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(4);
  return data;
}

/** The zlib stream: the data of all IDAT chunks (PNG, 5.3). */
function idatOf(png: Uint8Array): Buffer {
  const bytes = Buffer.from(png);
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return Buffer.concat(parts);
}
