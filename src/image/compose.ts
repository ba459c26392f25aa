import { layOutMemory, type WasmModule, wasmModule } from '../wasm.js';
import type { Picture } from './decode.js';
import type { Size } from './geometry.js';
import { extentOf, type Matte } from './matte.js';
import type { ReadRow } from './png/write-png.js';

/** What assembly/compose.ts exports; its comments say what it does. */
interface ComposeKernels extends WasmModule {
  composeRow(colours: number, channels: number, alphas: number, pixels: number, row: number): void;
}

/** Room behind a piece of memory for the rest of a vector. */
const MARGIN = 16;

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
  const kernels = wasmModule<ComposeKernels>('compose');
  const at = layOutMemory(kernels, {
    colours: width * channels + MARGIN,
    alphas: width + MARGIN,
    row: width * 4 + MARGIN,
  });
  return {
    width,
    height,
    readRow(y, row) {
      const extent = extentOf(matte, y);
      const from = y * width + extent.from;
      const to = y * width + extent.to;
      // A larger cut-out that came later may have made the memory anew.
      const memory = new Uint8Array(kernels.memory.buffer);
      memory.set(colours.subarray(from * channels, to * channels), at.colours);
      memory.set(data.subarray(from, to), at.alphas);
      kernels.composeRow(at.colours, channels, at.alphas, to - from, at.row);
      row.set(new Int32Array(memory.buffer, at.row, to - from), extent.from);
      return extent;
    },
  };
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
