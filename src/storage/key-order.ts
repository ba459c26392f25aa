/**
 * Compares two keys by their UTF-8 bytes, the order in which S3 lists them. JavaScript's own comparison goes by
 * UTF-16 units, where surrogates (U+10000 and above) sort before U+E000..U+FFFF; moving them up mends that.
 * Returns a negative number, zero or a positive number, as `Array.prototype.sort` wants it.
 */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

function rank(unit: number): number {
  return unit >= FIRST_SURROGATE && unit <= LAST_SURROGATE ? unit + 0x10000 : unit;
}
