import { gzipSync } from 'node:zlib';
import type { ErrorCode } from '../../../src/errors.js';
import { drawSubject } from '../draw.js';
import { avifItem, heicItem, rgbPage } from './cases-right.js';
import { withSize, writeHeif } from './heif.js';
import { claiming, closedEarly } from './jpeg.js';
import { animatePng, pngChunk, replaceHeader, writePng } from './png.js';
import { writeTiff } from './tiff.js';

/** An odd file that is refused. */
export interface RefusedFile {
  readonly name: string;
  readonly make: () => Promise<Buffer> | Buffer;
  readonly code: ErrorCode;
  /** Is in the message. */
  readonly says: string | RegExp;
}

const text = (value: string) => () => Buffer.from(value, 'latin1');
const jpeg = () => drawSubject();
const RGB = { bits: 8, colourType: 2 } as const;

/** Told apart by their first bytes. */
export const OTHER_FORMATS: readonly RefusedFile[] = [
  ['BMP', text(`BM${'\0'.repeat(60)}`), 'BMP (image/bmp)'],
  ['ICO', text(`\0\0\x01\0\x01\0${'\0'.repeat(40)}`), 'ICO (image/x-icon)'],
  ['PSD', text(`8BPS\0\x01${'\0'.repeat(40)}`), 'PSD (image/vnd.adobe.photoshop)'],
  ['JPEG XL, bare', text('\xff\x0a\x7f\x0b\x08\x14\0\x10\0'), 'JXL (image/jxl)'],
  ['JPEG XL in boxes', text('\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl '), 'JXL (image/jxl)'],
  ['JPEG 2000', text('\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 '), 'JP2 (image/jp2)'],
  ['JPEG 2000, bare', text('\xff\x4f\xff\x51\0\x2f\0\0'), 'J2C (image/j2c)'],
  ['a film', text('\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41'), 'MP4 (video/mp4)'],
  [
    'a PDF with a JPEG in it',
    async () => Buffer.concat([Buffer.from('%PDF-1.4\n'), await jpeg()]),
    'PDF (application/pdf)',
  ],
  ['PostScript', text('%!PS-Adobe-3.0 EPSF-3.0\n'), 'EPS (application/eps)'],
  ['SVG, packed', () => gzipSync('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'GZ (application/gzip)'],
  ['SVG behind a comment', text('<!-- a -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'), 'SVG'],
  ["ImageMagick's language", text('push graphic-context\nimage over 0,0 0,0 "|ls"\n'), 'text'],
  ['OpenEXR', text('\x76\x2f\x31\x01\x02\0\0\0'), 'unknown binary data'],
  ['QOI', text(`qoif${'\0'.repeat(20)}`), 'unknown binary data'],
  ['one byte', text('\xff'), 'unknown binary data'],
  ['1,000 zeros', () => Buffer.alloc(1000), 'unknown binary data'],
].map(([name, make, says]) => ({ name, make, code: 'FORMAT_UNSUPPORTED', says }) as RefusedFile);

/** Of a supported format, but a kind of it that is not read. */
export const OTHER_KINDS: readonly RefusedFile[] = [
  {
    name: 'a JPEG of 12 bits',
    make: async () => claiming(await jpeg(), { marker: 0xc1, precision: 12 }),
    code: 'FORMAT_UNSUPPORTED',
    says: 'data precision 12',
  },
  {
    name: 'a JPEG without a height',
    make: async () => claiming(await jpeg(), { height: 0 }),
    code: 'FORMAT_UNSUPPORTED',
    says: 'DNL not supported',
  },
  {
    name: 'a TIFF in YCbCr without JPEG',
    make: () => writeTiff([{ ...rgbPage(), photometric: 6 }]),
    code: 'FORMAT_UNSUPPORTED',
    says: 'YCbCr without JPEG',
  },
  {
    name: 'a TIFF in CIELAB of 8 bits',
    make: () => writeTiff([{ ...rgbPage(), photometric: 8 }], 'MM'),
    code: 'FORMAT_UNSUPPORTED',
    says: 'CIELAB with 8 bits',
  },
  {
    name: 'a grey TIFF of 32 bits',
    make: () =>
      writeTiff([{ ...rgbPage(), width: 60, channels: 1, bits: 32, photometric: 1, tags: { 339: [3] } }]),
    code: 'FORMAT_UNSUPPORTED',
    says: '32 bits a channel that does not say what white is',
  },
  {
    name: 'a TIFF of the mosaic of a camera',
    make: () => writeTiff([{ ...rgbPage(), photometric: 32_803 }]),
    code: 'FORMAT_UNSUPPORTED',
    says: 'photometric interpretation 32803',
  },
  {
    name: 'a TIFF packed with Zstandard',
    make: () => writeTiff([{ ...rgbPage(), tags: { 259: [50_000] } }]),
    code: 'FORMAT_UNSUPPORTED',
    says: 'ZSTD compression support is not configured',
  },
];

/** Damaged, cut short, or lying about themselves. */
export const DAMAGED: readonly RefusedFile[] = [
  ['a JPEG of its first bytes', text('\xff\xd8\xff'), 'premature end'],
  ['a JPEG without its last byte', async () => (await jpeg()).subarray(0, -1), 'premature end'],
  ['a JPEG that was cut and closed again', async () => closedEarly(await jpeg(), 0.7), 'premature end'],
  [
    'a JPEG with fewer rows than it says',
    async () => claiming(await jpeg(), { height: 4000 }),
    'premature end',
  ],
  ['a lossless JPEG that is none', async () => claiming(await jpeg(), { marker: 0xc3 }), 'lossless'],
  [
    'a PNG of its first bytes',
    async () => (await drawSubject({ format: 'png' })).subarray(0, 12),
    'header is not whole',
  ],
  [
    'a PNG with fewer rows than it says',
    async () => replaceHeader(await drawSubject({ format: 'png' }), { ...RGB, width: 240, height: 4000 }),
    'libpng read error',
  ],
  ['a PNG without a width', () => writePng({ ...RGB, width: 0, height: 10 }, []), 'header is not whole'],
  [
    'a PNG of a kind that there is not',
    () => writePng({ bits: 8, colourType: 5, width: 4, height: 4 }, []),
    'header is not whole',
  ],
  ['a PNG whose text says it is longer than the file', () => pngWithLongChunk(), 'header is not whole'],
  [
    'an animated PNG cut in its first frame',
    async () => animatePng([await drawSubject({ format: 'png' })]).subarray(0, 300),
    'libpng read error',
  ],
  ['a WebP of its first bytes', async () => (await drawSubject({ format: 'webp' })).subarray(0, 14), 'webp'],
  ['an uncompressed TIFF with its last half missing', () => halfOfRaw(), 'Read error'],
  [
    'a TIFF with fewer rows than it says',
    () => writeTiff([{ ...rgbPage(), tags: { 257: [8000], 278: [8000] } }]),
    /Read error|Not enough data/,
  ],
  [
    'a TIFF whose pixels lie beyond its end',
    () => writeTiff([{ ...rgbPage(), tags: { 273: [9_999_999] } }]),
    /error/,
  ],
  ['a TIFF of its first bytes', text('II*\0\x08\0\0\0'), 'header is not whole'],
  ['a GIF that is a script', text('GIF89a/*<script>*/=1;//'), 'gifload'],
  ['a GIF without a frame', text('GIF89a\x0a\0\x0a\0\0\0\0;'), 'gifload'],
  [
    'an AVIF smaller than it says',
    async () => writeHeif({ brand: 'avif', items: [withSize(await avifItem(), 1000, 1000)] }),
    'size signaled',
  ],
  [
    'an AVIF larger than it says',
    async () => writeHeif({ brand: 'avif', items: [withSize(await avifItem(), 20, 10)] }),
    /size/,
  ],
  [
    'a HEIC smaller than it says',
    async () => writeHeif({ brand: 'heic', items: [withSize(await heicItem('upright'), 1000, 1000)] }),
    'size signaled',
  ],
  [
    'a HEIC of far more pixels than it says',
    async () => writeHeif({ brand: 'heic', items: [withSize(await heicItem('large-plain'), 10, 10)] }),
    'far more memory',
  ],
].map(([name, make, says]) => ({ name, make, code: 'IMAGE_CORRUPT', says }) as RefusedFile);

/** Beyond the limits by what they say, whatever they hold. */
export const TOO_LARGE: readonly RefusedFile[] = [
  ['a JPEG', async () => claiming(await jpeg(), { width: 65_500, height: 65_500 })],
  ['a PNG', () => writePng({ ...RGB, width: 65_536, height: 65_536 }, [])],
  [
    'an AVIF',
    async () => writeHeif({ brand: 'avif', items: [withSize(await avifItem(), 100_000, 100_000)] }),
  ],
  [
    'a HEIC',
    async () => writeHeif({ brand: 'heic', items: [withSize(await heicItem('upright'), 100_000, 100_000)] }),
  ],
  ['a TIFF', () => writeTiff([{ ...rgbPage(), tags: { 256: [60_000], 257: [60_000] } }])],
].map(
  ([name, make]) =>
    ({ name, make, code: 'IMAGE_TOO_MANY_PIXELS', says: 'more than the limit of' }) as RefusedFile,
);

/** Its directory is whole: it comes before the pixels, as many programs write it. */
function halfOfRaw(): Buffer {
  const { samples, ...page } = rgbPage();
  const directory = (samplesAt: number) =>
    writeTiff([{ ...page, samples: Buffer.alloc(0), tags: { 273: [samplesAt], 279: [samples.length] } }]);
  return Buffer.concat([directory(directory(0).length), samples.subarray(0, samples.length / 2)]);
}

function pngWithLongChunk(): Buffer {
  const chunk = pngChunk('tEXt', Buffer.from('a\0b'));
  chunk.writeUInt32BE(0x7fffffff, 0);
  return writePng({ ...RGB, width: 1, height: 1 }, [Buffer.alloc(3)], [chunk]);
}
