/**
 * The value of each of the 65,536 halves, by arithmetic from the definition (IEEE 754-2019, section 3.4): sign,
 * 5 bits of exponent with a bias of 15, 10 bits of fraction.
 */
export function referenceHalves(): number[] {
  return Array.from({ length: 65_536 }, (_, bits) => {
    const sign = bits >= 32_768 ? -1 : 1;
    const exponent = Math.floor(bits / 1024) % 32;
    const fraction = bits % 1024;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
    return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
  });
}
