import { crc32 } from 'node:zlib';
import { Adler32 } from './adler32.js';
import { createRowDeflater } from './deflate.js';

/**
 * Writes 8-bit RGBA pictures as PNG (W3C PNG, third edition). Cut-outs are mostly transparent, and the rest is mostly
 * photograph: one filter for all rows and deflate.ts take about half the time of libvips at zlib level 2, which goes
 * without filters, and make files a fifth to three tenths smaller (docs/performance.md).
 */

/** The pixels from `from` to `to` (excluded): outside, a row is 0. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/**
 * Fills `row` with the pixels of row `y`, from the top: red in the lowest byte, alpha in the highest. Only what lies
 * in the extent that is returned is looked at.
 */
export type ReadRow = (y: number, row: Int32Array) => Extent;

/** What stands before the pixels. */
export interface PngChunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** What every PNG begins with. */
export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const HEADER_CHUNK_BYTES = 25;
const RGBA_8_BITS = [8, 6, 0, 0, 0];
/** Deflate with a window of 32 KiB, "fastest" (RFC 1950). */
const ZLIB_HEADER = Uint8Array.of(0x78, 0x01);
/** Each byte less the mean of those to its left and above it. */
const AVERAGE_FILTER = 3;
const BYTES_A_PIXEL = 4;

export function writePng(
  width: number,
  height: number,
  readRow: ReadRow,
  metadata: readonly PngChunk[] = [],
): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(RGBA_8_BITS, 8);
  const parts: Uint8Array[] = [SIGNATURE, ...chunk('IHDR', header)];
  for (const { type, data } of metadata) parts.push(...chunk(type, data));
  parts.push(...chunk('IDAT', ZLIB_HEADER));

  const checksum = new Adler32();
  const deflater = createRowDeflater(width, height, (piece) => parts.push(...chunk('IDAT', piece.slice())));
  let row = new Int32Array(width);
  let above = new Int32Array(width);
  let extentAbove: Extent = { from: width, to: 0 };
  for (let y = 0; y < height; y++) {
    const extent = readRow(y, row);
    const from = Math.min(extent.from, extentAbove.from);
    // The pixel behind the last one has it to its left.
    const to = Math.max(from, Math.min(width, Math.max(extent.to + 1, extentAbove.to)));
    clearOutside(row, extent, from, to);
    clearOutside(above, extentAbove, from, to);
    const filtered = deflater.nextRow();
    filterRow(row, above, from, to, filtered);
    deflater.addRow(AVERAGE_FILTER, from, to);
    checksum.addByte(AVERAGE_FILTER);
    checksum.addZeros(from * BYTES_A_PIXEL);
    checksum.addPixels(filtered, from, to);
    checksum.addZeros((width - to) * BYTES_A_PIXEL);
    [row, above] = [above, row];
    extentAbove = extent;
  }
  deflater.finish();
  const end = Buffer.alloc(4);
  end.writeUInt32BE(checksum.value);
  parts.push(...chunk('IDAT', end), ...chunk('IEND', new Uint8Array(0)));
  return joined(parts);
}

function clearOutside(row: Int32Array, extent: Extent, from: number, to: number): void {
  row.fill(0, from, Math.min(extent.from, to)).fill(0, Math.max(extent.to, from), to);
}

/** The filter of the four bytes of a pixel in one step: carries are kept from crossing into the next byte. */
function filterRow(row: Int32Array, above: Int32Array, from: number, to: number, filtered: Int32Array): void {
  let left = 0;
  for (let x = from; x < to; x++) {
    const pixel = row[x] as number;
    const up = above[x] as number;
    const mean = (left & up) + (((left ^ up) & 0xfefefefe) >>> 1);
    filtered[x] = ((pixel | 0x80808080) - (mean & 0x7f7f7f7f)) ^ ((pixel ^ ~mean) & 0x80808080);
    left = pixel;
  }
}

/** The PNG with more chunks, right behind its header. */
export function withChunks(png: Uint8Array, chunks: readonly PngChunk[]): Uint8Array<ArrayBuffer> {
  const behindHeader = SIGNATURE.length + HEADER_CHUNK_BYTES;
  return joined([
    png.subarray(0, behindHeader),
    ...chunks.flatMap(({ type, data }) => chunk(type, data)),
    png.subarray(behindHeader),
  ]);
}

/** Length, type, data, checksum. */
function chunk(type: string, data: Uint8Array): Uint8Array[] {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length, 0);
  head.write(type, 4, 'latin1');
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(data, crc32(head.subarray(4))), 0);
  return [head, data, tail];
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
