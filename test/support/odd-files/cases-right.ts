import { readFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { drawSubject, type Orientation, openRaw, subjectPixels } from '../draw.js';
import { codedItem, grid, type HeifItem, nclxProperty, turnProperty, writeHeif } from './heif.js';
import { withSegment, withStrayBytes } from './jpeg.js';
import { animatePng, insertChunk, pngChunk, writePng } from './png.js';
import { type TiffPage, writeTiff } from './tiff.js';

/** An odd file that shows the drawing of draw.ts, upright, in 240 x 160 pixels. */
export interface RightFile {
  readonly name: string;
  readonly make: () => Promise<Buffer> | Buffer;
  /** Levels that a colour may be off. Default 3. */
  readonly tolerance?: number;
  /** Whether only light and dark are right. */
  readonly isGrey?: boolean;
}

const WIDTH = 240;
const HEIGHT = 160;
const drawing = subjectPixels();
const open = () => openRaw(drawing);
const jpeg = () => drawSubject();
const png = () => drawSubject({ format: 'png' });
const otherFrame = (format: 'png' | 'webp' = 'png') => drawSubject({ format, background: '#ff0000' });
const SIDEWAYS: readonly Orientation[] = [2, 3, 4, 5, 6, 7, 8];

export const JPEGS: readonly RightFile[] = [
  {
    name: 'progressive',
    make: () => open().jpeg({ progressive: true, quality: 95 }).toBuffer(),
    tolerance: 6,
  },
  { name: 'chroma at half the size', make: () => open().jpeg({ quality: 95 }).toBuffer(), tolerance: 6 },
  { name: 'grey', make: () => open().toColourspace('b-w').jpeg().toBuffer(), isGrey: true },
  {
    name: 'a profile that is none',
    make: async () =>
      withSegment(
        await jpeg(),
        2,
        Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), Buffer.alloc(400)]),
      ),
  },
  {
    name: 'EXIF that is none',
    make: async () => withSegment(await jpeg(), 1, Buffer.from('Exif\0\0II*\0\xff\xff\xff\xff', 'latin1')),
  },
  { name: 'stray bytes before the end', make: async () => withStrayBytes(await jpeg(), 500) },
  {
    name: 'a ZIP behind it',
    make: async () => Buffer.concat([await jpeg(), Buffer.from('PK\x05\x06'), Buffer.alloc(18)]),
  },
  {
    name: 'a second picture behind it (a gain map, a preview)',
    make: async () =>
      Buffer.concat([await jpeg(), await drawSubject({ width: 60, height: 40, background: '#ff0000' })]),
  },
  { name: 'an orientation out of range', make: async () => withSegment(await jpeg(), 1, exifOrientation(9)) },
];

export const PNGS: readonly RightFile[] = [
  { name: 'palette of 2 bits', make: () => palettePng(2) },
  { name: 'palette of 8 bits with transparency', make: () => palettePng(8, [255, 255, 128, 0]) },
  { name: 'one transparent colour', make: () => transparentColourPng() },
  { name: 'interlaced', make: () => open().png({ progressive: true }).toBuffer() },
  { name: '16 bits', make: () => open().toColourspace('rgb16').png().toBuffer() },
  {
    name: '16 bits with a profile',
    make: () => open().toColourspace('rgb16').withIccProfile('p3').png().toBuffer(),
  },
  { name: 'grey of 16 bits', make: () => open().toColourspace('grey16').png().toBuffer(), isGrey: true },
  {
    name: 'grey with alpha',
    make: () => open().toColourspace('b-w').ensureAlpha().png().toBuffer(),
    isGrey: true,
  },
  {
    name: 'animated: the first frame',
    make: async () => animatePng([await png(), await otherFrame(), await otherFrame()]),
  },
  {
    name: 'animated, cut in its second frame',
    make: async () => animatePng([await png(), await otherFrame()]).subarray(0, -40),
  },
  {
    name: 'text that unpacks to 50 MB',
    make: async () =>
      insertChunk(
        await png(),
        pngChunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(50_000_000))])),
      ),
  },
  {
    name: 'a profile that unpacks to 50 MB',
    make: async () =>
      insertChunk(
        await png(),
        pngChunk('iCCP', Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(50_000_000))])),
      ),
  },
  {
    name: 'sRGB by code points',
    make: async () => insertChunk(await png(), pngChunk('cICP', Buffer.from([1, 13, 0, 1]))),
  },
  {
    name: 'a script behind it',
    make: async () => Buffer.concat([await png(), Buffer.from('<script>alert(1)</script>')]),
  },
];

export const TIFFS: readonly RightFile[] = [
  ...(['II', 'MM'] as const).map((order) => ({
    name: `uncompressed, byte order ${order}`,
    make: () => writeTiff([rgbPage()], order),
  })),
  {
    name: 'pages: the first one',
    make: () => writeTiff([rgbPage(), { ...rgbPage(), samples: Buffer.alloc(drawing.data.length, 90) }]),
  },
  { name: 'a directory that follows itself', make: () => selfFollowing(writeTiff([rgbPage()])) },
  { name: 'planes one after the other', make: planarTiff },
  { name: 'grey where white is zero', make: whiteIsZeroTiff, isGrey: true },
  {
    name: 'CIELAB of 16 bits',
    make: () => open().toColourspace('lab').tiff({ compression: 'lzw' }).toBuffer(),
    tolerance: 6,
  },
  {
    name: 'pyramid of tiles',
    make: () =>
      open()
        .tiff({ pyramid: true, tile: true, tileWidth: 64, tileHeight: 64, compression: 'deflate' })
        .toBuffer(),
  },
  { name: 'BigTIFF', make: () => open().tiff({ bigtiff: true, compression: 'deflate' }).toBuffer() },
  {
    name: 'JPEG inside, in YCbCr',
    make: () => open().tiff({ compression: 'jpeg', quality: 95 }).toBuffer(),
    tolerance: 8,
  },
  {
    name: 'floating point',
    make: () => open().toColourspace('scrgb').tiff({ compression: 'deflate' }).toBuffer(),
  },
  { name: '16 bits', make: () => open().toColourspace('rgb16').tiff({ compression: 'none' }).toBuffer() },
];

export const OTHERS: readonly RightFile[] = [
  {
    name: 'an animated GIF cut in its second frame',
    make: async () => (await animation('gif')).subarray(0, -120),
  },
  {
    name: 'a GIF with one frame and a script behind it',
    make: async () => Buffer.concat([await drawSubject({ format: 'gif' }), Buffer.from('*/alert(1)//')]),
  },
  { name: 'an animated WebP', make: () => animation('webp') },
  { name: 'a lossy WebP', make: () => open().webp({ quality: 95 }).toBuffer(), tolerance: 12 },
  ...SIDEWAYS.map((orientation) => ({
    name: `a WebP turned by EXIF ${orientation}`,
    make: () => drawSubject({ format: 'webp' as const, orientation }),
  })),
  ...SIDEWAYS.map((orientation) => ({
    name: `a TIFF turned by its tag to ${orientation}`,
    make: () => drawSubject({ format: 'tiff' as const, orientation }),
  })),
  {
    name: 'an AVIF of 10 bits',
    make: () => open().avif({ bitdepth: 10, quality: 90, chromaSubsampling: '4:4:4' }).toBuffer(),
  },
  ...['avif', 'avis', 'mif1'].map((brand) => ({
    name: `an AVIF of the brand ${brand}`,
    make: async () => writeHeif({ brand, items: [await avifItem()] }),
  })),
  { name: 'an AVIF turned by its box', make: turnedAvif },
  { name: 'an AVIF in sRGB by code points', make: () => avifIn(1, 13) },
  {
    name: 'an AVIF of which the second picture is the primary one',
    make: async () => writeHeif({ brand: 'avif', items: [await otherItem(), await avifItem()] }),
  },
];

/** The drawing as an AVIF that says its colours are others. */
export async function avifIn(primaries: number, transfer: number): Promise<Buffer> {
  const item = await avifItem();
  return writeHeif({
    brand: 'avif',
    items: [{ ...item, properties: [...item.properties, nclxProperty(primaries, transfer, 6)] }],
  });
}

/** Four times what test/support/heic/make.py draws, with what the encoder filled it up to 64 x 64 pixels. */
export async function heicGrid(brand = 'heic'): Promise<Buffer> {
  const tile = await heicItem('upright');
  return writeHeif({ brand, items: [tile, tile, tile, tile, grid([1, 2, 3, 4], 128, 128)] });
}

export async function heicItem(name: 'upright' | 'large-plain'): Promise<HeifItem> {
  return codedItem(await readFile(new URL(`../heic/${name}.heic`, import.meta.url)), 'hvc1');
}

export async function avifItem(): Promise<HeifItem> {
  return codedItem(await drawSubject({ format: 'avif' }), 'av01');
}

async function otherItem(): Promise<HeifItem> {
  return codedItem(
    await drawSubject({ format: 'avif', width: 60, height: 40, background: '#ff0000' }),
    'av01',
  );
}

async function turnedAvif(): Promise<Buffer> {
  const stored = await open()
    .rotate(90)
    .avif({ quality: 90, effort: 0, chromaSubsampling: '4:4:4' })
    .toBuffer();
  const item = codedItem(stored, 'av01');
  return writeHeif({
    brand: 'avif',
    items: [{ ...item, properties: [...item.properties, turnProperty(1)] }],
  });
}

async function animation(format: 'gif' | 'webp'): Promise<Buffer> {
  return await sharp([await png(), await otherFrame()], { join: { animated: true } })
    .toFormat(format, { lossless: true })
    .toBuffer();
}

/** The drawing has three colours: places in a palette, packed. */
function palettePng(bits: 2 | 8, alphas: readonly number[] = []): Buffer {
  const palette = [0x00, 0xff, 0x00, 0xff, 0x00, 0xff, 0x00, 0x00, 0xff];
  const rows = Array.from({ length: HEIGHT }, (_, y) => {
    const row = Buffer.alloc((WIDTH * bits) / 8);
    for (let x = 0; x < WIDTH; x++) {
      const [red, , blue] = drawing.data.subarray((y * WIDTH + x) * 3);
      const place = red === 255 ? 1 : blue === 255 ? 2 : 0;
      row[(x * bits) >> 3] = (row[(x * bits) >> 3] as number) | (place << (8 - bits - ((x * bits) & 7)));
    }
    return row;
  });
  const chunks = [pngChunk('PLTE', Buffer.from(palette))];
  if (alphas.length > 0) chunks.push(pngChunk('tRNS', Buffer.from(alphas.slice(0, 3))));
  return writePng({ width: WIDTH, height: HEIGHT, bits, colourType: 3 }, rows, chunks);
}

/** The blue of the rectangle is transparent; its colour is still there. */
async function transparentColourPng(): Promise<Buffer> {
  return insertChunk(await png(), pngChunk('tRNS', Buffer.from([0, 0, 0, 0, 0, 255])));
}

function exifOrientation(value: number): Buffer {
  const head = Buffer.from('Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0', 'latin1');
  return Buffer.concat([head, Buffer.from([value, 0, 0, 0, 0, 0, 0, 0])]);
}

export function rgbPage(): TiffPage {
  return { width: WIDTH, height: HEIGHT, channels: 3, bits: 8, photometric: 2, samples: drawing.data };
}

function planarTiff(): Buffer {
  const plane = WIDTH * HEIGHT;
  const samples = Buffer.alloc(plane * 3);
  for (let at = 0; at < plane * 3; at++)
    samples[(at % 3) * plane + Math.floor(at / 3)] = drawing.data[at] as number;
  const tags = { 273: [8, 8 + plane, 8 + 2 * plane], 279: [plane, plane, plane], 284: [2] };
  return writeTiff([{ ...rgbPage(), samples, tags }]);
}

async function whiteIsZeroTiff(): Promise<Buffer> {
  const grey = await open().toColourspace('b-w').raw().toBuffer();
  return writeTiff([
    { ...rgbPage(), channels: 1, photometric: 0, samples: grey.map((value) => 255 - value) as Buffer },
  ]);
}

/** The next directory is the first one again. */
function selfFollowing(tiff: Buffer): Buffer {
  tiff.copy(tiff, tiff.length - 4, 4, 8);
  return tiff;
}
