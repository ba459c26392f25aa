/** Codes by symbol, each with its length in the bits above it: `code | length << 16`. No length is more than 12. */
export type PackedCodes = Uint32Array;

export const MAX_CODE_LENGTH = 12;

/** Bits are packed lowest first (RFC 1951, 3.1.1). */
export interface BitWriter {
  /** At most 24 bits. */
  bits(value: number, count: number): void;
  code(codes: PackedCodes, symbol: number): void;
  /** The codes of the four bytes of each pixel. */
  pixels(codes: PackedCodes, pixels: Int32Array, from: number, to: number): void;
  /** Fills the last byte with zeros. */
  align(): void;
  /** The whole bytes so far, which are a view until the next call; the bits behind them stay. */
  take(): Uint8Array;
}

/** `capacity`: bytes between two calls of `take`, at most. */
export function createBitWriter(capacity: number): BitWriter {
  const bytes = new Uint8Array(capacity + 8);
  const view = new DataView(bytes.buffer);
  let end = 0;
  // Fewer than eight bits wait between two calls, so 24 more always fit.
  let held = 0;
  let heldCount = 0;

  function bits(value: number, count: number): void {
    held |= value << heldCount;
    heldCount += count;
    view.setInt32(end, held, true);
    end += heldCount >> 3;
    held >>>= heldCount & 24;
    heldCount &= 7;
  }

  return {
    bits,
    code(codes, symbol) {
      const code = codes[symbol] as number;
      bits(code & 0xffff, code >>> 16);
    },
    // The innermost loop of all: the state is in variables of its own, two codes go out at once, without a branch.
    pixels(codes, pixels, from, to) {
      let out = end;
      let waiting = held;
      let waitingCount = heldCount;
      for (let at = from; at < to; at++) {
        const pixel = pixels[at] as number;
        const red = codes[pixel & 255] as number;
        const green = codes[(pixel >>> 8) & 255] as number;
        waiting |= ((red & 0xffff) | ((green & 0xffff) << (red >>> 16))) << waitingCount;
        waitingCount += (red >>> 16) + (green >>> 16);
        view.setInt32(out, waiting, true);
        out += waitingCount >> 3;
        waiting >>>= waitingCount & 24;
        waitingCount &= 7;
        const blue = codes[(pixel >>> 16) & 255] as number;
        const alpha = codes[pixel >>> 24] as number;
        waiting |= ((blue & 0xffff) | ((alpha & 0xffff) << (blue >>> 16))) << waitingCount;
        waitingCount += (blue >>> 16) + (alpha >>> 16);
        view.setInt32(out, waiting, true);
        out += waitingCount >> 3;
        waiting >>>= waitingCount & 24;
        waitingCount &= 7;
      }
      end = out;
      held = waiting;
      heldCount = waitingCount;
    },
    align() {
      if (heldCount > 0) bits(0, 8 - heldCount);
    },
    take() {
      const taken = bytes.subarray(0, end);
      end = 0;
      return taken;
    },
  };
}
