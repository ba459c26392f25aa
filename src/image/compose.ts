import type { Picture } from './decode.js';
import type { Size } from './geometry.js';
import { extentOf, type Matte } from './matte.js';
import type { ReadRow } from './png/write-png.js';

/** A picture with straight alpha, put together a row at a time while it is encoded: never in memory all at once. */
export interface Cutout extends Size {
  readonly readRow: ReadRow;
}

/**
 * The cut-out: the colours of the picture untouched under the matte as straight alpha; an alpha of the picture's own
 * is in the matte by now (own-alpha.ts). Colours that are wholly transparent are cleared: nobody can bring the
 * background back, and the file is about half the size.
 */
export function composeCutout({ data: colours, channels }: Picture, matte: Matte): Cutout {
  const { data, width, height } = matte;
  const view = new DataView(colours.buffer, colours.byteOffset, colours.length);
  // A pixel of three bytes is read with the byte behind it, which the last one has not.
  const lastRead = colours.length - 4;
  return {
    width,
    height,
    readRow(y, row) {
      const extent = extentOf(matte, y);
      let at = y * width + extent.from;
      for (let x = extent.from; x < extent.to; x++, at++) {
        const alpha = data[at] as number;
        const place = at * channels;
        const colour = place <= lastRead ? view.getInt32(place, true) : bytesAt(colours, place);
        row[x] = alpha === 0 ? 0 : (colour & 0xffffff) | (alpha << 24);
      }
      return extent;
    },
  };
}

function bytesAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
}

/** All pixels of a cut-out as RGBA bytes. */
export function pixelsOf({ width, height, readRow }: Cutout): Uint8Array<ArrayBuffer> {
  const pixels = new Int32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = pixels.subarray(y * width, (y + 1) * width);
    readRow(y, row);
  }
  return new Uint8Array(pixels.buffer);
}

/** The other way round: a cut-out of RGBA bytes, as libvips gives them. */
export function readPixels(rgba: Buffer, { width, height }: Size): Cutout {
  // Pixels are read as whole numbers, which lie at multiples of four.
  const bytes = rgba.byteOffset % 4 === 0 ? rgba : new Uint8Array(rgba);
  const pixels = new Int32Array(bytes.buffer, bytes.byteOffset, width * height);
  return {
    width,
    height,
    readRow(y, row) {
      row.set(pixels.subarray(y * width, (y + 1) * width));
      return { from: 0, to: width };
    },
  };
}

/** Whether nothing shines through anywhere. */
export function isOpaque({ width, height, readRow }: Cutout): boolean {
  const row = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    const { from, to } = readRow(y, row);
    if (from > 0 || to < width || row.some((pixel) => pixel >>> 24 !== 255)) return false;
  }
  return true;
}
