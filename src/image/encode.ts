import sharp, { type Sharp } from 'sharp';
import { type Cutout, pixelsOf } from './compose.js';
import { writePng } from './png/write-png.js';

/** How results are written. */
export interface OutputOptions {
  readonly format: 'png' | 'webp';
  /** Quality of the colours of WebP, 1 to 100; its alpha is lossless. */
  readonly webpQuality: number;
  /** Longest side of the result in pixels; 0 keeps the size. */
  readonly maxSide: number;
}

export interface EncodedPicture {
  /** In a buffer of their own, which may be moved to another thread. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const CONTENT_TYPES = { png: 'image/png', webp: 'image/webp' } as const;

/** Encodes a cut-out; metadata of the input is left out, colours are sRGB. */
export async function encode(cutout: Cutout, options: OutputOptions): Promise<EncodedPicture> {
  const sized = isWithin(cutout, options.maxSide) ? cutout : await shrink(cutout, options.maxSide);
  const { width, height } = sized;
  const bytes =
    options.format === 'png'
      ? writePng(width, height, sized.readRow)
      : await writeWebp(sized, options.webpQuality);
  return { bytes, contentType: CONTENT_TYPES[options.format], width, height };
}

async function writeWebp(cutout: Cutout, quality: number): Promise<Uint8Array<ArrayBuffer>> {
  // Measured on 12-megapixel cut-outs: effort 0 takes half the time of 2, and a third more bytes.
  const encoded = await open(cutout).webp({ quality, alphaQuality: 100, effort: 0 }).toBuffer();
  return new Uint8Array(encoded);
}

function isWithin({ width, height }: Cutout, maxSide: number): boolean {
  return maxSide === 0 || Math.max(width, height) <= maxSide;
}

async function shrink(cutout: Cutout, maxSide: number): Promise<Cutout> {
  const { data, info } = await open(cutout)
    .resize(maxSide, maxSide, { fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const pixels = new Int32Array(new Uint8Array(data).buffer);
  const readRow = (y: number, row: Int32Array) => {
    row.set(pixels.subarray(y * width, (y + 1) * width));
    return { from: 0, to: width };
  };
  return { width, height, readRow };
}

function open(cutout: Cutout): Sharp {
  const { width, height } = cutout;
  return sharp(pixelsOf(cutout), { raw: { width, height, channels: 4 }, limitInputPixels: false });
}
