import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether both are the same, in a time that depends on neither: hashes have one length. */
export function isSameSecret(one: string, other: string): boolean {
  return isSameHash(sha256(one), sha256(other));
}

/** As isSameSecret, of two hashes. */
export function isSameHash(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
