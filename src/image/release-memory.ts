/**
 * Gives back the memory of arrays that nobody reads any more, without waiting for the garbage collector, which comes the
 * more often the more of such memory there is. They are empty afterwards. Each must have a buffer of its own that V8
 * made: memory of native code, sharp's among it, cannot be given back.
 */
export function releaseMemory(arrays: readonly Uint8Array<ArrayBuffer>[]): void {
  structuredClone(undefined, { transfer: [...new Set(arrays.map(({ buffer }) => buffer))] });
}
