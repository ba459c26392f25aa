/** How deflate names the lengths of matches, and codes as the writer of bits takes them. */

const FIRST_LENGTH_SYMBOL = 257;
const LONGEST_MATCH_SYMBOL = 285;
const SHORTEST_MATCH = 3;
const LONGEST_MATCH = 258;
/** Codes stand in the lower bits of a number, their lengths from this bit on. */
const LENGTH_SHIFT = 24;

/** Symbol, number of extra bits and their value, by the length of a match (RFC 1951, 3.2.5). */
interface LengthCode {
  readonly symbol: number;
  readonly extraBits: number;
  readonly extra: number;
}

export const LENGTH_CODES: readonly LengthCode[] = lengthCodes();

/** `code | length << 24`, by symbol. */
export function packedCodes(lengths: Uint8Array, codes: Uint16Array): Uint32Array {
  const packed = new Uint32Array(codes.length);
  for (let symbol = 0; symbol < codes.length; symbol++)
    packed[symbol] = (codes[symbol] as number) | ((lengths[symbol] as number) << LENGTH_SHIFT);
  return packed;
}

/** The same for whole matches by their length: symbol, extra bits, and the one bit that the only distance takes. */
export function matchCodes(packed: Uint32Array): Uint32Array {
  const matches = new Uint32Array(LONGEST_MATCH + 1);
  for (let length = SHORTEST_MATCH; length <= LONGEST_MATCH; length++) {
    const { symbol, extraBits, extra } = LENGTH_CODES[length] as LengthCode;
    const code = packed[symbol] as number;
    const bits = code >>> LENGTH_SHIFT;
    matches[length] = (code & 0xffff) | (extra << bits) | ((bits + extraBits + 1) << LENGTH_SHIFT);
  }
  return matches;
}

function lengthCodes(): LengthCode[] {
  const table: LengthCode[] = [];
  for (let symbol = FIRST_LENGTH_SYMBOL, length = SHORTEST_MATCH; symbol < LONGEST_MATCH_SYMBOL; symbol++) {
    const extraBits = symbol < 265 ? 0 : (symbol - 261) >> 2;
    for (let extra = 0; extra < 1 << extraBits; extra++) table[length++] = { symbol, extraBits, extra };
  }
  table[LONGEST_MATCH] = { symbol: LONGEST_MATCH_SYMBOL, extraBits: 0, extra: 0 };
  return table;
}
