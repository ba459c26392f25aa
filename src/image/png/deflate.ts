import { layOutMemory, roundUp } from '../../wasm.js';
import { codeLengths, codesOf } from './huffman.js';
import { pngKernels } from './kernels.js';
import { LENGTH_CODES, matchCodes, packedCodes } from './symbols.js';

/**
 * Deflate (RFC 1951) for rows of four bytes a pixel, filtered by the mean of the bytes to the left and above. The only
 * repetition it looks for is a pixel equal to the one before it, which is what a filter makes of plain areas; all else is
 * left to a Huffman code of its own for each block.
 */

/** The pixels from `from` to `to` (excluded): outside, a row is 0. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

export interface RowDeflater {
  /** Where the pixels of the next row go. */
  nextRow(): Int32Array;
  /** Adds that row, which was filled within the extent. */
  addRow(extent: Extent): void;
  /** Ends the stream; gives the Adler-32 checksum of what went into it (RFC 1950). */
  finish(): number;
}

/** Each byte less the mean of those to its left and above it. */
const AVERAGE_FILTER = 3;
const END_OF_BLOCK = 256;
const LITERALS_AND_LENGTHS = 286;
const SHORTEST_MATCH = 3;
const LONGEST_MATCH = 258;
const MAX_CODE_LENGTH = 12;
const BYTES_A_PIXEL = 4;
const CHANNELS = 4;
const BYTE_VALUES = 256;
/** Zeros before each row, and room behind it for the rest of a vector. */
const MARGIN = 16;
/** Code lengths of the distances 1 to 4: the last is the only one that is used. */
const DISTANCE_LENGTHS = [0, 0, 0, 1];
/** The order in which the lengths of the code of code lengths are sent (RFC 1951, 3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_LENGTH_CODE_LENGTH = 7;
/** Pixels of a block, at most (or one row): its tables cost little beside them, and they stay in the cache. */
const BLOCK_PIXELS = 262_144;
/** One row in so many is counted to make the codes: its neighbours are alike. */
const COUNTED_ROWS = 4;
/** More than the tables before a block, and than what a block of one pixel takes. */
const BLOCK_OVERHEAD = 1_024;
const NO_BYTES_SUM = 1;
const ADLER_MODULUS = 65_521;

/** `emit` is given the stream piece by piece; the bytes of a piece are its own only until it returns. */
export function createRowDeflater(
  width: number,
  height: number,
  emit: (piece: Uint8Array) => void,
): RowDeflater {
  const kernels = pngKernels();
  const rowsABlock = Math.min(height, Math.max(1, Math.floor(BLOCK_PIXELS / width)));
  const rowBytes = roundUp(width * BYTES_A_PIXEL, MARGIN) + 2 * MARGIN;
  const places = layOutMemory(kernels, {
    row: rowBytes,
    above: rowBytes,
    block: rowsABlock * rowBytes,
    // For each row pixels as they are, repeats, ...: never more numbers than pixels, but for a row of one.
    spans: rowsABlock * (width + 2) * 4,
    counts: CHANNELS * BYTE_VALUES * 4,
    lengthCounts: (LONGEST_MATCH + 1) * 4,
    codes: LITERALS_AND_LENGTHS * 4,
    matches: (LONGEST_MATCH + 1) * 4,
    // No code takes more than two bytes.
    output: 2 * rowsABlock * (width * BYTES_A_PIXEL + 1) + BLOCK_OVERHEAD,
  });
  const { buffer } = kernels.memory;
  const numbers = (at: number, length: number) => new Uint32Array(buffer, at, length);
  const byteCounts = numbers(places.counts, CHANNELS * BYTE_VALUES).fill(0);
  const lengthCounts = numbers(places.lengthCounts, LONGEST_MATCH + 1).fill(0);
  const pixelsOf = (row: number) => new Int32Array(buffer, row + MARGIN, width);
  new Uint8Array(buffer, places.row, 2 * rowBytes).fill(0);
  kernels.begin();
  kernels.writeTo(places.output);

  let row = { at: places.row, pixels: pixelsOf(places.row) };
  let above = { at: places.above, pixels: pixelsOf(places.above) };
  let extentAbove: Extent = { from: width, to: 0 };
  let rows = 0;
  let countedRows = 0;
  let spansEnd = places.spans;
  let sum = NO_BYTES_SUM;

  function addRow(extent: Extent): void {
    const from = Math.min(extent.from, extentAbove.from);
    // The pixel behind the last one has it to its left.
    const to = Math.max(from, Math.min(width, Math.max(extent.to + 1, extentAbove.to)));
    row.pixels.fill(0, 0, extent.from).fill(0, Math.max(extent.from, extent.to));
    const filtered = places.block + rows * rowBytes;
    kernels.filterRow(row.at + MARGIN, above.at + MARGIN, filtered + MARGIN, from, to);
    pixelsOf(filtered).fill(0, 0, from).fill(0, to);
    addToSum(filtered + MARGIN, from, to);
    const spans = spansEnd;
    spansEnd = kernels.findSpans(filtered + MARGIN, width, from, to, spans);
    if (rows % COUNTED_ROWS === 0) {
      countedRows += 1;
      kernels.countSymbols(filtered + MARGIN, spans, spansEnd, places.counts, places.lengthCounts);
    }
    [row, above] = [above, row];
    extentAbove = extent;
    rows += 1;
  }

  function addToSum(filtered: number, from: number, to: number): void {
    sum = addByte(sum, AVERAGE_FILTER);
    sum = addZeros(sum, from * BYTES_A_PIXEL);
    sum = kernels.adler(sum, filtered + from * BYTES_A_PIXEL, (to - from) * BYTES_A_PIXEL) >>> 0;
    sum = addZeros(sum, (width - to) * BYTES_A_PIXEL);
  }

  function writeBlock(isLast: boolean): void {
    const lengths = codeLengths(symbolCounts(), MAX_CODE_LENGTH);
    const codes = packedCodes(lengths, codesOf(lengths));
    numbers(places.codes, LITERALS_AND_LENGTHS).set(codes);
    numbers(places.matches, LONGEST_MATCH + 1).set(matchCodes(codes));
    writeHeader(lengths, isLast);
    const { block, spans, matches } = places;
    kernels.writeRows(block + MARGIN, rowBytes, width, rows, AVERAGE_FILTER, spans, places.codes, matches);
    kernels.bits((codes[END_OF_BLOCK] as number) & 0xffff, (codes[END_OF_BLOCK] as number) >>> 24);
    if (isLast) kernels.align();
    emit(new Uint8Array(buffer, places.output, kernels.written() - places.output));
    kernels.writeTo(places.output);
    byteCounts.fill(0);
    lengthCounts.fill(0);
    rows = 0;
    countedRows = 0;
    spansEnd = spans;
  }

  /** Every symbol needs a code, also one that only rows have that were not counted. */
  function symbolCounts(): Uint32Array {
    const counts = new Uint32Array(LITERALS_AND_LENGTHS).fill(1);
    for (let at = 0; at < byteCounts.length; at++)
      increase(counts, at % BYTE_VALUES, byteCounts[at] as number);
    for (let length = SHORTEST_MATCH; length <= LONGEST_MATCH; length++)
      increase(counts, (LENGTH_CODES[length] as { symbol: number }).symbol, lengthCounts[length] as number);
    increase(counts, AVERAGE_FILTER, countedRows);
    return counts;
  }

  function writeHeader(lengths: Uint8Array, isLast: boolean): void {
    const all = [...lengths, ...DISTANCE_LENGTHS];
    const counts = new Uint32Array(ORDER.length);
    for (const length of all) increase(counts, length, 1);
    const lengthLengths = codeLengths(counts, MAX_LENGTH_CODE_LENGTH);
    const lengthCodes = codesOf(lengthLengths);
    kernels.bits(isLast ? 1 : 0, 1);
    kernels.bits(2, 2);
    kernels.bits(lengths.length - 257, 5);
    kernels.bits(DISTANCE_LENGTHS.length - 1, 5);
    kernels.bits(ORDER.length - 4, 4);
    for (const symbol of ORDER) kernels.bits(lengthLengths[symbol] as number, 3);
    for (const length of all) kernels.bits(lengthCodes[length] as number, lengthLengths[length] as number);
  }

  return {
    nextRow() {
      // Only now is it sure that the block is not the last.
      if (rows === rowsABlock) writeBlock(false);
      return row.pixels;
    },
    addRow,
    finish() {
      writeBlock(true);
      return sum;
    },
  };
}

function addByte(sum: number, byte: number): number {
  const low = ((sum & 0xffff) + byte) % ADLER_MODULUS;
  return joinSum(low, ((sum >>> 16) + low) % ADLER_MODULUS);
}

function addZeros(sum: number, bytes: number): number {
  const low = sum & 0xffff;
  return joinSum(low, ((sum >>> 16) + bytes * low) % ADLER_MODULUS);
}

function joinSum(low: number, high: number): number {
  return high * 0x1_0000 + low;
}

function increase(counts: Uint32Array, index: number, by: number): void {
  counts[index] = (counts[index] as number) + by;
}
