import type { Picture } from './decode.js';
import type { Matte } from './matte.js';
import type { Extent, ReadRow } from './png/write-png.js';

/** A cut-out, put together a row at a time while it is encoded: its pixels are never in memory all at once. */
export interface Cutout {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly readRow: ReadRow;
}

/**
 * The cut-out: the colours of the picture untouched under the matte as straight alpha. Where the picture has an
 * alpha of its own, the two are multiplied: what was transparent stays transparent. Colours that are wholly
 * transparent are cleared: nobody can bring the background back, and the file is about half the size.
 */
export function composeCutout(picture: Picture, matte: Matte): Cutout {
  const { width, height } = picture;
  const readRow = picture.channels === 4 ? withOwnAlpha(picture.data, matte) : opaque(picture.data, matte);
  return { width, height, readRow };
}

function opaque(rgb: Uint8Array, { data, width, extents }: Matte): ReadRow {
  return (y, row) => {
    const extent = extentOf(y, width, extents);
    for (let x = extent.from, at = y * width + x, colour = at * 3; x < extent.to; x++, at++, colour += 3) {
      const alpha = data[at] as number;
      row[x] =
        alpha === 0
          ? 0
          : (rgb[colour] as number) |
            ((rgb[colour + 1] as number) << 8) |
            ((rgb[colour + 2] as number) << 16) |
            (alpha << 24);
    }
    return extent;
  };
}

function withOwnAlpha(rgba: Uint8Array, { data, width, extents }: Matte): ReadRow {
  return (y, row) => {
    const extent = extentOf(y, width, extents);
    for (let x = extent.from, at = y * width + x, colour = at * 4; x < extent.to; x++, at++, colour += 4) {
      const alpha = product(data[at] as number, rgba[colour + 3] as number);
      row[x] =
        alpha === 0
          ? 0
          : (rgba[colour] as number) |
            ((rgba[colour + 1] as number) << 8) |
            ((rgba[colour + 2] as number) << 16) |
            (alpha << 24);
    }
    return extent;
  };
}

function extentOf(y: number, width: number, extents: Int32Array | undefined): Extent {
  if (extents === undefined) return { from: 0, to: width };
  return { from: extents[2 * y] as number, to: extents[2 * y + 1] as number };
}

/** Of two values where 255 stands for 1, rounded. */
function product(one: number, other: number): number {
  const scaled = one * other + 128;
  return (scaled + (scaled >> 8)) >> 8;
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
