import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { cleanExif } from '../../../../src/image/metadata/exif.js';
import { openRaw, subjectPixels } from '../../../support/draw.js';

const ASCII = 2;
const SHORT = 3;
const LONG = 4;

type TestEntry = readonly [tag: number, type: number, value: string | number];

/** In both byte orders, as cameras write it: two directories, GPS, a thumbnail, a note of the maker. */
describe.each([{ order: 'II' }, { order: 'MM' }])('EXIF in byte order $order', ({ order }) => {
  const exif = tiff(order, [
    [
      [0x010f, ASCII, 'Maker of cameras\0'],
      [0x0110, ASCII, 'X1\0'],
      [0x0112, SHORT, 6],
      [0x8298, ASCII, 'Somebody, 2026\0'],
    ],
    [
      [0x9003, ASCII, '2026:01:02 03:04:05\0'],
      [0x8827, SHORT, 400],
      [0x927c, ASCII, 'SECRET of the maker\0'],
      [0xa002, LONG, 4000],
    ],
    [[0x0001, ASCII, 'SECRET north\0']],
    [[0x0131, ASCII, 'SECRET thumbnail\0']],
  ]);

  test('keeps what it is about', () => {
    const read = readAll(cleanExif(exif));

    expect(read).toEqual({
      271: 'Maker of cameras\0',
      272: 'X1\0',
      33432: 'Somebody, 2026\0',
      36867: '2026:01:02 03:04:05\0',
      34855: 400,
    });
  });

  test('and loses orientation, size, GPS, thumbnail and the note of the maker, without a trace', () => {
    const cleaned = cleanExif(exif);

    expect(exif.toString('latin1')).toContain('SECRET');
    expect(Buffer.from(cleaned ?? []).toString('latin1')).not.toContain('SECRET');
  });

  test('is the same with its name before it', () => {
    expect(cleanExif(Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif]))).toEqual(cleanExif(exif));
  });

  test('is cleaned once only', () => {
    const once = cleanExif(exif) ?? new Uint8Array();

    expect(cleanExif(once)).toEqual(once);
  });
});

test('what a decoder reads is what was written', async () => {
  const bytes = await openRaw(subjectPixels())
    .withExif({
      IFD0: { Artist: 'Somebody' },
      IFD2: { LensModel: 'f/2' },
      IFD3: { GPSLatitude: '51/1 30/1 0/1' },
    })
    .jpeg()
    .toBuffer();
  const cleaned = cleanExif((await sharp(bytes).metadata()).exif ?? Buffer.alloc(0));
  const text = Buffer.from(cleaned ?? []).toString('latin1');

  expect(text).toContain('Somebody');
  expect(text).toContain('f/2');
  expect(Object.keys(readAll(cleaned)).map(Number)).not.toContain(0x8825);
});

test.each([
  { what: 'nothing', bytes: Buffer.alloc(0) },
  { what: 'noise', bytes: Buffer.from('no TIFF at all') },
  { what: 'a head alone', bytes: Buffer.from('II*\0\x08\0\0\0', 'latin1') },
  { what: 'a directory beyond the end', bytes: Buffer.from('II*\0\xff\xff\xff\xff', 'latin1') },
  { what: 'only what is left out', bytes: tiff('II', [[[0x0112, SHORT, 6]], [], [], []]) },
  {
    what: 'more than fits into a JPEG',
    bytes: tiff('II', [[[0x010e, ASCII, 'x'.repeat(66_000)]], [], [], []]),
  },
])('of $what nothing is left', ({ bytes }) => {
  expect(cleanExif(bytes)).toBeUndefined();
});

test('whatever the bytes, it ends', () => {
  const whole = tiff('II', [[[0x010f, ASCII, 'Maker of cameras\0']], [[0x9003, ASCII, '2026\0']], [], []]);
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), fc.nat(), (at, value, cut) => {
      const damaged = Buffer.from(whole);
      damaged[at] = value;
      expect(() => cleanExif(damaged.subarray(0, cut % whole.length))).not.toThrow();
      expect(() => cleanExif(damaged)).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

/** Directories: of the picture, of the photograph, of GPS, of the thumbnail. */
function tiff(order: string, directories: ReadonlyArray<readonly TestEntry[]>): Buffer {
  const isLittle = order === 'II';
  const [image = [], photo = [], gps = [], thumbnail = []] = directories;
  const blocks: Buffer[] = [];
  let end = 8;
  const place = (block: Buffer): number => {
    const at = end;
    blocks.push(block);
    end += block.length;
    return at;
  };
  // What is pointed to comes first, so that pointers go both ways.
  const write = (entries: readonly TestEntry[], next: number): number => {
    const rows = entries.map(([tag, type, value]) => {
      const row = Buffer.alloc(12);
      put(row, 0, 2, tag);
      put(row, 2, 2, type);
      put(row, 4, 4, typeof value === 'string' ? value.length : 1);
      if (typeof value === 'number') put(row, 8, type === SHORT ? 2 : 4, value);
      else if (value.length <= 4) row.write(value, 8, 'latin1');
      else put(row, 8, 4, place(Buffer.from(value, 'latin1')));
      return row;
    });
    const count = Buffer.alloc(2);
    put(count, 0, 2, rows.length);
    const tail = Buffer.alloc(4);
    put(tail, 0, 4, next);
    return place(Buffer.concat([count, ...rows, tail]));
  };
  const put = (block: Buffer, at: number, length: number, value: number) =>
    isLittle ? block.writeUIntLE(value, at, length) : block.writeUIntBE(value, at, length);
  const photoAt = write(photo, 0);
  const gpsAt = write(gps, 0);
  const thumbnailAt = write(thumbnail, 0);
  const imageAt = write([...image, [0x8769, LONG, photoAt], [0x8825, LONG, gpsAt]], thumbnailAt);
  const head = Buffer.alloc(8);
  head.write(order, 0, 'latin1');
  put(head, 2, 2, 42);
  put(head, 4, 4, imageAt);
  return Buffer.concat([head, ...blocks]);
}

/** The values of both directories by their tags, read as a reader that knows only the specification would. */
function readAll(exif: Uint8Array | undefined): Record<number, string | number> {
  const bytes = Buffer.from(exif ?? []);
  const isLittle = bytes.toString('latin1', 0, 2) === 'II';
  const get = (at: number, length: number) =>
    isLittle ? bytes.readUIntLE(at, length) : bytes.readUIntBE(at, length);
  const values: Record<number, string | number> = {};
  const read = (offset: number) => {
    const count = get(offset, 2);
    let last = 0;
    for (let at = offset + 2; at < offset + 2 + 12 * count; at += 12) {
      const tag = get(at, 2);
      // Tags are sorted (TIFF 6.0, section 2).
      expect(tag).toBeGreaterThan(last);
      last = tag;
      const type = get(at + 2, 2);
      const length = get(at + 4, 4);
      if (tag === 0x8769) read(get(at + 8, 4));
      else if (type === ASCII) {
        const start = length <= 4 ? at + 8 : get(at + 8, 4);
        values[tag] = bytes.toString('latin1', start, start + length);
      } else values[tag] = get(at + 8, type === SHORT ? 2 : 4);
    }
    expect(get(offset + 2 + 12 * count, 4)).toBe(0);
  };
  read(get(4, 4));
  return values;
}
