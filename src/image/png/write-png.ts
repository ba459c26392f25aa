import { crc32 } from 'node:zlib';
import { releaseMemory } from '../release-memory.js';
import { createRowDeflater, type Extent } from './deflate.js';

/**
 * Writes 8-bit RGBA pictures as PNG (W3C PNG, third edition). Cut-outs are mostly transparent, and the rest is mostly
 * photograph: one filter for all rows and deflate.ts take about half the time of libvips at zlib level 2, which goes
 * without filters, and make files a fifth to three tenths smaller (docs/performance.md).
 */

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

  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const deflater = createRowDeflater(width, height, (piece) => {
    const kept = piece.slice();
    pieces.push(kept);
    parts.push(...chunk('IDAT', kept));
  });
  for (let y = 0; y < height; y++) deflater.addRow(readRow(y, deflater.nextRow()));
  const end = Buffer.alloc(4);
  end.writeUInt32BE(deflater.finish());
  parts.push(...chunk('IDAT', end), ...chunk('IEND', new Uint8Array(0)));
  const file = joined(parts);
  releaseMemory(pieces);
  return file;
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
