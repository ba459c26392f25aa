const MODULUS = 65_521;
/** Pixels whose sums stay below 2^31 without a division. */
const MOST_PIXELS = 512;

/** The Adler-32 checksum of zlib streams (RFC 1950), for bytes that come as pixels of four. */
export class Adler32 {
  #low = 1;
  #high = 0;

  get value(): number {
    return this.#high * 0x10000 + this.#low;
  }

  addByte(byte: number): void {
    this.#low = (this.#low + byte) % MODULUS;
    this.#high = (this.#high + this.#low) % MODULUS;
  }

  addZeros(bytes: number): void {
    this.#high = (this.#high + bytes * this.#low) % MODULUS;
  }

  addPixels(pixels: Int32Array, from: number, to: number): void {
    for (let start = from; start < to; start += MOST_PIXELS) {
      const end = Math.min(to, start + MOST_PIXELS);
      let low = this.#low;
      let high = this.#high;
      for (let at = start; at < end; at++) {
        const pixel = pixels[at] as number;
        const first = pixel & 255;
        const second = first + ((pixel >>> 8) & 255);
        const third = second + ((pixel >>> 16) & 255);
        const all = third + (pixel >>> 24);
        high = (high + 4 * low + first + second + third + all) | 0;
        low = (low + all) | 0;
      }
      this.#low = low % MODULUS;
      this.#high = high % MODULUS;
    }
  }
}
