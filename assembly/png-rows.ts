// The loops of the PNG writer that look at every byte, as WebAssembly with SIMD. src/image/png/deflate.ts lays out the
// memory and calls them; what they write is described there. All pointers are in bytes, all pixels four bytes.

const BYTES_A_PIXEL: usize = 4;
const PIXELS_A_VECTOR: u32 = 4;
const MODULUS: u32 = 65_521;
/** Bytes whose sums of Adler-32 stay below 2^32 without a division, in whole vectors (zlib: NMAX). */
const MOST_BYTES: u32 = 5_552;
const SHORTEST_MATCH: u32 = 3;
const LONGEST_MATCH: u32 = 258;

/** Bits that wait for a whole byte: fewer than eight between two calls. */
let held: u64 = 0;
let heldCount: u64 = 0;
/** Where the next byte of output goes. */
let out: usize = 0;

/**
 * Takes from each byte the mean of those to its left and above it (the filter Average of PNG), from pixel `from` to
 * before `to`. Before each row lies a vector of zeros.
 */
export function filterRow(row: usize, above: usize, filtered: usize, from: u32, to: u32): void {
  let at = <usize>from * BYTES_A_PIXEL;
  const end = <usize>to * BYTES_A_PIXEL;
  const ones = i8x16.splat(1);
  // The last vector may go beyond the end: there is room behind each row, and nobody looks at it.
  for (; at < end; at += 16) {
    const left = v128.load(row + at - BYTES_A_PIXEL);
    const up = v128.load(above + at);
    // avgr rounds up, the filter down.
    const mean = i8x16.sub(i8x16.avgr_u(left, up), v128.and(v128.xor(left, up), ones));
    v128.store(filtered + at, i8x16.sub(v128.load(row + at), mean));
  }
}

/** Adler-32 (RFC 1950) of `bytes` more bytes, a multiple of four; takes and gives `high << 16 | low`. */
export function adler(sum: u32, start: usize, bytes: u32): u32 {
  let low = sum & 0xffff;
  let high = sum >>> 16;
  const weightsLow = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const weightsHigh = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  let at = start;
  let left = bytes;
  while (left >= 16) {
    const part = min(left, MOST_BYTES) & ~15;
    const end = at + part;
    let sums = i32x4.splat(0);
    let before = i32x4.splat(0);
    let weighted = i32x4.splat(0);
    for (; at < end; at += 16) {
      const values = v128.load(at);
      before = i32x4.add(before, sums);
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(values)));
      weighted = i32x4.add(
        weighted,
        i32x4.add(
          i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(values), weightsLow),
          i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(values), weightsHigh),
        ),
      );
    }
    high = (high + part * low + 16 * total(before) + total(weighted)) % MODULUS;
    low = (low + total(sums)) % MODULUS;
    left -= part;
  }
  for (const end = at + left; at < end; at++) {
    low += load<u8>(at);
    high += low;
  }
  return ((high % MODULUS) << 16) | (low % MODULUS);
}

function total(lanes: v128): u32 {
  return (
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  );
}

/**
 * Writes the spans of a row at `spans`, 32 bits each: pixels as they are, repeats of the last of them, pixels as they
 * are, ... Gives their end. Before pixel `from` and from `to` on all are 0, and are not looked at.
 */
export function findSpans(row: usize, width: u32, from: u32, to: u32, spans: usize): usize {
  let next = spans;
  let start: u32 = 0;
  let at: u32 = 1;
  while (at < width) {
    // On to the next two pixels that equal the one before them: one alone is no repeat worth a match.
    while (
      at + PIXELS_A_VECTOR < width &&
      !v128.any_true(v128.and(equalToLast(row, at), equalToLast(row, at + 1)))
    ) {
      at += PIXELS_A_VECTOR;
    }
    while (at < width && !(isRepeat(row, at) && at + 1 < width && isRepeat(row, at + 1))) at++;
    const repeatsFrom = at;
    if (at < from) at = from;
    while (at < to && at + PIXELS_A_VECTOR <= width && i32x4.all_true(equalToLast(row, at)))
      at += PIXELS_A_VECTOR;
    while (at < width && at <= to && isRepeat(row, at)) at++;
    if (at > to) at = width;
    if (at === repeatsFrom) break;
    store<u32>(next, repeatsFrom - start);
    store<u32>(next, at - repeatsFrom, 4);
    next += 8;
    start = at;
  }
  if (start < width) {
    store<u32>(next, width - start);
    store<u32>(next, 0, 4);
    next += 8;
  }
  return next;
}

function equalToLast(row: usize, at: u32): v128 {
  const here = row + <usize>at * BYTES_A_PIXEL;
  return i32x4.eq(v128.load(here), v128.load(here - BYTES_A_PIXEL));
}

function isRepeat(row: usize, at: u32): bool {
  const here = row + <usize>at * BYTES_A_PIXEL;
  return load<u32>(here) === load<u32>(here - BYTES_A_PIXEL);
}

/**
 * Counts the bytes of the pixels that are as they are in `counts`, four tables of 256 numbers, one for each channel: to count a
 * value again right after itself would be to wait for the memory. The lengths of the matches that the repeats make are
 * counted in `lengthCounts`, by length.
 */
export function countSymbols(
  row: usize,
  spans: usize,
  spansEnd: usize,
  counts: usize,
  lengthCounts: usize,
): void {
  let at = row;
  for (let span = spans; span < spansEnd; span += 8) {
    for (const end = at + <usize>load<u32>(span) * BYTES_A_PIXEL; at < end; at += BYTES_A_PIXEL) {
      const pixel = load<u32>(at);
      increment(counts + ((pixel & 255) << 2));
      increment(counts + 1_024 + (((pixel >>> 8) & 255) << 2));
      increment(counts + 2_048 + (((pixel >>> 16) & 255) << 2));
      increment(counts + 3_072 + ((pixel >>> 24) << 2));
    }
    const repeats = load<u32>(span, 4);
    for (let left = repeats * <u32>BYTES_A_PIXEL; left > 0; ) {
      const length = nextMatch(left);
      increment(lengthCounts + ((<usize>length) << 2));
      left -= length;
    }
    at += <usize>repeats * BYTES_A_PIXEL;
  }
}

function increment(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

/** The first of the matches of 3 to 258 bytes that a repetition is split into. */
function nextMatch(left: u32): u32 {
  const isRestTooShort = left > LONGEST_MATCH && left < LONGEST_MATCH + SHORTEST_MATCH;
  return isRestTooShort ? left - SHORTEST_MATCH : min(left, LONGEST_MATCH);
}

/** Forgets bits that wait, of a picture that was given up. */
export function begin(): void {
  held = 0;
  heldCount = 0;
}

/** Output goes on at `start`. The bits that wait stay. */
export function writeTo(start: usize): void {
  out = start;
}

/** The end of the whole bytes so far. */
export function written(): usize {
  return out;
}

/** At most 32 bits, the lowest first (RFC 1951, 3.1.1). */
export function bits(value: u32, count: u32): void {
  put(value, count);
}

/** Fills the last byte with zeros. */
export function align(): void {
  if (heldCount > 0) put(0, 8 - heldCount);
}

function put(value: u64, count: u64): void {
  held |= value << heldCount;
  heldCount += count;
  store<u64>(out, held);
  out += <usize>(heldCount >>> 3);
  held >>>= heldCount & ~7;
  heldCount &= 7;
}

/**
 * Writes the rows of a block: of each the code of its filter, then its spans. `codes` and `matches` are codes with their
 * lengths above them, `code | length << 24`, by byte and by length of a match.
 */
export function writeRows(
  block: usize,
  rowBytes: usize,
  width: u32,
  rows: u32,
  filter: u32,
  spans: usize,
  codes: usize,
  matches: usize,
): void {
  let span = spans;
  for (let row: u32 = 0; row < rows; row++) {
    putCode(codes, filter);
    let at = block + <usize>row * rowBytes;
    for (const rowEnd = at + <usize>width * BYTES_A_PIXEL; at < rowEnd; span += 8) {
      const end = at + <usize>load<u32>(span) * BYTES_A_PIXEL;
      putPixels(codes, at, end);
      const repeats = load<u32>(span, 4);
      for (let left = repeats * <u32>BYTES_A_PIXEL; left > 0; ) {
        const length = nextMatch(left);
        putCode(matches, length);
        left -= length;
      }
      at = end + <usize>repeats * BYTES_A_PIXEL;
    }
  }
}

function putCode(codes: usize, symbol: u32): void {
  const code = load<u32>(codes + ((<usize>symbol) << 2));
  put(code & 0xff_ffff, code >>> 24);
}

/** The innermost loop of all: the state is in variables of its own, and the four codes of a pixel go out at once. */
function putPixels(codes: usize, start: usize, end: usize): void {
  let waiting = held;
  let waitingCount = heldCount;
  let to = out;
  for (let at = start; at < end; at += BYTES_A_PIXEL) {
    const pixel = load<u32>(at);
    const red = codes + ((pixel & 255) << 2);
    const green = codes + (((pixel >>> 8) & 255) << 2);
    const blue = codes + (((pixel >>> 16) & 255) << 2);
    const alpha = codes + ((pixel >>> 24) << 2);
    const redCount: u64 = load<u8>(red, 3);
    const blueCount: u64 = load<u8>(blue, 3);
    const first: u64 = <u64>load<u16>(red) | ((<u64>load<u16>(green)) << redCount);
    const firstCount: u64 = redCount + load<u8>(green, 3);
    const second: u64 = <u64>load<u16>(blue) | ((<u64>load<u16>(alpha)) << blueCount);
    waiting |= (first | (second << firstCount)) << waitingCount;
    waitingCount += firstCount + blueCount + load<u8>(alpha, 3);
    store<u64>(to, waiting);
    to += <usize>(waitingCount >>> 3);
    waiting >>>= waitingCount & ~7;
    waitingCount &= 7;
  }
  held = waiting;
  heldCount = waitingCount;
  out = to;
}
