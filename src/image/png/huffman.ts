/** Bits that a code of deflate may have. */
const MAX_DEPTH = 15;
/** More than there are symbols. */
const SYMBOLS = 512;

/**
 * Code lengths of a Huffman code for symbols used `counts` times, none longer than `maxLength` bits; 0 for a symbol
 * that isn't used. At least two symbols must be in use.
 */
export function codeLengths(counts: Uint32Array, maxLength: number): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const used = byCount(counts);
  const perLength = limited(depthsOf(used.map((key) => Math.floor(key / SYMBOLS))), maxLength);
  // The rarest symbols get the longest codes.
  let next = 0;
  for (let length = maxLength; length > 0; length--) {
    for (let left = at(perLength, length); left > 0; left--) lengths[at(used, next++) % SYMBOLS] = length;
  }
  return lengths;
}

/** The symbols in use from the rarest on, each as `count x SYMBOLS + symbol`: numbers are sorted without a call for each. */
function byCount(counts: Uint32Array): Float64Array {
  const keys = new Float64Array(counts.length);
  let used = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    const count = at(counts, symbol);
    if (count > 0) keys[used++] = count * SYMBOLS + symbol;
  }
  return keys.subarray(0, used).sort();
}

/** Canonical codes for the lengths (RFC 1951, 3.2.2), bits reversed: deflate sends them lowest bit first. */
export function codesOf(lengths: Uint8Array): Uint16Array {
  const perLength = new Uint16Array(MAX_DEPTH + 1);
  for (const length of lengths) if (length > 0) perLength[length] = at(perLength, length) + 1;
  const next = new Uint16Array(MAX_DEPTH + 1);
  for (let length = 1, code = 0; length <= MAX_DEPTH; length++) {
    code = (code + at(perLength, length - 1)) << 1;
    next[length] = code;
  }
  const codes = new Uint16Array(lengths.length);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = at(lengths, symbol);
    if (length === 0) continue;
    codes[symbol] = reversed(at(next, length), length);
    next[length] = at(next, length) + 1;
  }
  return codes;
}

/** How many leaves lie at each depth of the Huffman tree over these counts, which ascend. */
function depthsOf(counts: Float64Array): Uint32Array {
  const leaves = counts.length;
  const nodes = 2 * leaves - 1;
  const weights = new Float64Array(nodes);
  weights.set(counts);
  const parents = new Uint16Array(nodes);
  // Leaves ascend, and so do the inner nodes in the order they are made: the smallest is at the head of either.
  let leaf = 0;
  let inner = leaves;
  for (let node = leaves; node < nodes; node++) {
    let weight = 0;
    for (let child = 0; child < 2; child++) {
      const isLeaf = leaf < leaves && (inner >= node || at(weights, leaf) <= at(weights, inner));
      const smallest = isLeaf ? leaf++ : inner++;
      parents[smallest] = node;
      weight += at(weights, smallest);
    }
    weights[node] = weight;
  }
  const depths = new Uint16Array(parents.length);
  const perDepth = new Uint32Array(leaves + 1);
  for (let node = parents.length - 2; node >= 0; node--) {
    const depth = at(depths, at(parents, node)) + 1;
    depths[node] = depth;
    if (node < leaves) perDepth[depth] = at(perDepth, depth) + 1;
  }
  return perDepth;
}

/** Moves what lies deeper than `maxLength` up, and makes room for it, so that the code stays complete. */
function limited(perDepth: Uint32Array, maxLength: number): Uint32Array {
  const perLength = new Uint32Array(maxLength + 1);
  for (let depth = 1; depth < perDepth.length; depth++) {
    const length = Math.min(depth, maxLength);
    perLength[length] = at(perLength, length) + at(perDepth, depth);
  }
  let taken = 0;
  for (let length = 1; length <= maxLength; length++) taken += at(perLength, length) << (maxLength - length);
  for (; taken > 1 << maxLength; taken--) {
    let shorter = maxLength - 1;
    while (at(perLength, shorter) === 0) shorter--;
    perLength[maxLength] = at(perLength, maxLength) - 1;
    perLength[shorter] = at(perLength, shorter) - 1;
    perLength[shorter + 1] = at(perLength, shorter + 1) + 2;
  }
  return perLength;
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}

function at(values: ArrayLike<number>, index: number): number {
  return values[index] as number;
}
