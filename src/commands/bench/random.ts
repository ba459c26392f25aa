import { createCipheriv, createHash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed, on every machine and every version of Node. */
export interface SeededRandom {
  bytes(count: number): Buffer;
  /** 0 up to and without 1. */
  next(): number;
}

/** The key stream of AES in counter mode, under a key made from the seed. */
export function seededRandom(seed: string): SeededRandom {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const bytes = (count: number) => stream.update(Buffer.alloc(count));
  return { bytes, next: () => bytes(4).readUInt32LE() / 2 ** 32 };
}
