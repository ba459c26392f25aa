import { createCipheriv, createHash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed, on every machine and every version of Node. */

/** Numbers in [0, 1), many of them: mulberry32, by Tommy Ettinger, public domain. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface SeededStream {
  bytes(count: number): Buffer;
  /** 0 up to and without 1. */
  next(): number;
}

/** Whole buffers of bytes, and a seed that is a text: the key stream of AES in counter mode, under a key made of it. */
export function seededStream(seed: string): SeededStream {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const bytes = (count: number) => stream.update(Buffer.alloc(count));
  return { bytes, next: () => bytes(4).readUInt32LE() / 2 ** 32 };
}
