import { type BitWriter, createBitWriter, MAX_CODE_LENGTH, type PackedCodes } from './bit-writer.js';
import { codeLengths, codesOf } from './huffman.js';

/**
 * Deflate (RFC 1951) for filtered rows of four bytes a pixel. The only repetition it looks for is a pixel equal to
 * the one before it, which is what a filter makes of plain areas; all else is left to a Huffman code of its own for
 * each block.
 */

const END_OF_BLOCK = 256;
const LONGEST_MATCH_SYMBOL = 285;
const LITERALS_AND_LENGTHS = 286;
const SHORTEST_MATCH = 3;
const LONGEST_MATCH = 258;
const BYTES_A_PIXEL = 4;
/** Fewer repeats of a pixel are not worth a match. */
const MIN_REPEATS = 2;
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

/** Symbol, number of extra bits and their value, by the length of a match (RFC 1951, 3.2.5). */
const LENGTHS: ReadonlyArray<{ symbol: number; extraBits: number; extra: number }> = lengthTable();

export interface RowDeflater {
  /** Where the filtered pixels of the next row go. */
  readonly nextRow: () => Int32Array;
  /** Adds the row, which was filled from `from` to `to`; all pixels outside count as 0. */
  addRow(filter: number, from: number, to: number): void;
  /** Ends the stream. */
  finish(): void;
}

/** `emit` is given the stream piece by piece; the bytes of a piece are its own only until it returns. */
export function createRowDeflater(
  width: number,
  height: number,
  emit: (piece: Uint8Array) => void,
): RowDeflater {
  const rowsABlock = Math.min(height, Math.max(1, Math.floor(BLOCK_PIXELS / width)));
  const block = new Int32Array(rowsABlock * width);
  const filters = new Uint8Array(rowsABlock);
  /** For each row in turn: pixels as they are, repeats of the last of them, pixels as they are, ... */
  const spans = new Uint32Array(rowsABlock * (width + 2));
  const counts = new Uint32Array(LITERALS_AND_LENGTHS);
  // No code takes more than two bytes.
  const output = createBitWriter(2 * rowsABlock * (width * BYTES_A_PIXEL + 1) + BLOCK_OVERHEAD);
  let rows = 0;
  let spansEnd = 0;

  function nextRow(): Int32Array {
    if (rows === rowsABlock) writeBlock(false);
    return block.subarray(rows * width, (rows + 1) * width);
  }

  function addRow(filter: number, from: number, to: number): void {
    const row = block.subarray(rows * width, (rows + 1) * width);
    const spansStart = spansEnd;
    spansEnd = findSpans(row, from, to, spans, spansStart);
    if (rows % COUNTED_ROWS === 0) {
      increment(counts, filter);
      countSymbols(row, spans.subarray(spansStart, spansEnd), counts);
    }
    filters[rows++] = filter;
  }

  function writeBlock(isLast: boolean): void {
    addChannelCounts(counts);
    // Every symbol needs a code: it may be in a row that was not counted.
    for (let symbol = 0; symbol < counts.length; symbol++) increment(counts, symbol);
    const lengths = codeLengths(counts, MAX_CODE_LENGTH);
    const codes = packedCodes(lengths);
    writeHeader(output, lengths, isLast);
    let at = 0;
    let span = 0;
    for (let row = 0; row < rows; row++) {
      output.code(codes, filters[row] as number);
      for (const rowEnd = (row + 1) * width; at < rowEnd; ) {
        const literals = spans[span++] as number;
        const repeats = spans[span++] as number;
        output.pixels(codes, block, at, at + literals);
        forEachMatch(repeats, (length) => writeMatch(output, codes, length));
        at += literals + repeats;
      }
    }
    output.code(codes, END_OF_BLOCK);
    if (isLast) output.align();
    emit(output.take());
    counts.fill(0);
    rows = 0;
    spansEnd = 0;
  }

  return { nextRow, addRow, finish: () => writeBlock(true) };
}

/**
 * Appends the spans of a row to `spans`; returns their new end. Outside `from` and `to` the pixels are 0, whatever
 * is in the buffer there.
 */
function findSpans(row: Int32Array, from: number, to: number, spans: Uint32Array, end: number): number {
  // Too few of them to be repeats are read as they are.
  row.fill(0, 0, Math.min(from, MIN_REPEATS + 1)).fill(0, to, to + MIN_REPEATS + 1);
  let next = end;
  let start = 0;
  let pixel = row[0] as number;
  for (let at = 1; at < row.length; ) {
    const repeatsFrom = at;
    if (at < from) at = from;
    while (at < to && row[at] === pixel) at++;
    if (at >= to && pixel === 0) at = row.length;
    if (at - repeatsFrom >= MIN_REPEATS) {
      spans[next++] = repeatsFrom - start;
      spans[next++] = at - repeatsFrom;
      start = at;
    }
    // On to the next pixel that equals the one before it.
    if (at < to) pixel = row[at++] as number;
    for (let here = 0; at < to; at++, pixel = here) {
      here = row[at] as number;
      if (here === pixel) break;
    }
    if (at >= to && at < row.length && pixel !== 0) {
      pixel = 0;
      at++;
    }
  }
  if (start < row.length) {
    spans[next++] = row.length - start;
    spans[next++] = 0;
  }
  return next;
}

/** One table a channel: to count a value again right after itself would be to wait for the memory. */
const RED_COUNTS = new Uint32Array(256);
const GREEN_COUNTS = new Uint32Array(256);
const BLUE_COUNTS = new Uint32Array(256);
const ALPHA_COUNTS = new Uint32Array(256);

function countSymbols(pixels: Int32Array, spans: Uint32Array, counts: Uint32Array): void {
  let at = 0;
  for (let span = 0; span < spans.length; span += 2) {
    for (const end = at + (spans[span] as number); at < end; at++) {
      const pixel = pixels[at] as number;
      increment(RED_COUNTS, pixel & 255);
      increment(GREEN_COUNTS, (pixel >>> 8) & 255);
      increment(BLUE_COUNTS, (pixel >>> 16) & 255);
      increment(ALPHA_COUNTS, pixel >>> 24);
    }
    const repeats = spans[span + 1] as number;
    forEachMatch(repeats, (length) => increment(counts, lengthCode(length).symbol));
    at += repeats;
  }
}

function addChannelCounts(counts: Uint32Array): void {
  for (const table of [RED_COUNTS, GREEN_COUNTS, BLUE_COUNTS, ALPHA_COUNTS]) {
    for (let value = 0; value < table.length; value++) {
      counts[value] = (counts[value] as number) + (table[value] as number);
    }
    table.fill(0);
  }
}

/** Splits a repetition into matches of 3 to 258 bytes. */
function forEachMatch(repeats: number, take: (length: number) => void): void {
  for (let left = repeats * BYTES_A_PIXEL; left > 0; ) {
    const isRestTooShort = left > LONGEST_MATCH && left < LONGEST_MATCH + SHORTEST_MATCH;
    const length = isRestTooShort ? left - SHORTEST_MATCH : Math.min(left, LONGEST_MATCH);
    take(length);
    left -= length;
  }
}

function writeMatch(output: BitWriter, codes: PackedCodes, length: number): void {
  const { symbol, extraBits, extra } = lengthCode(length);
  output.code(codes, symbol);
  // The extra bits, then the one bit that the only distance takes.
  output.bits(extra, extraBits + 1);
}

function writeHeader(output: BitWriter, lengths: Uint8Array, isLast: boolean): void {
  const all = [...lengths, ...DISTANCE_LENGTHS];
  const counts = new Uint32Array(ORDER.length);
  for (const length of all) increment(counts, length);
  const lengthLengths = codeLengths(counts, MAX_LENGTH_CODE_LENGTH);
  const lengthCodes = packedCodes(lengthLengths);
  output.bits(isLast ? 1 : 0, 1);
  output.bits(2, 2);
  output.bits(lengths.length - 257, 5);
  output.bits(DISTANCE_LENGTHS.length - 1, 5);
  output.bits(ORDER.length - 4, 4);
  for (const symbol of ORDER) output.bits(lengthLengths[symbol] as number, 3);
  for (const length of all) output.code(lengthCodes, length);
}

function packedCodes(lengths: Uint8Array): PackedCodes {
  return Uint32Array.from(codesOf(lengths), (code, symbol) => code | ((lengths[symbol] as number) << 16));
}

function lengthCode(length: number) {
  return LENGTHS[length] as (typeof LENGTHS)[number];
}

function lengthTable() {
  const table: Array<{ symbol: number; extraBits: number; extra: number }> = [];
  for (let symbol = 257, length = SHORTEST_MATCH; symbol < LONGEST_MATCH_SYMBOL; symbol++) {
    const extraBits = symbol < 265 ? 0 : (symbol - 261) >> 2;
    for (let extra = 0; extra < 1 << extraBits; extra++) table[length++] = { symbol, extraBits, extra };
  }
  table[LONGEST_MATCH] = { symbol: LONGEST_MATCH_SYMBOL, extraBits: 0, extra: 0 };
  return table;
}

function increment(counts: Uint32Array, index: number): void {
  counts[index] = (counts[index] as number) + 1;
}
