import type { BigIntStats } from 'node:fs';

/**
 * What tells one version of a file from another without reading it: inode, size in bytes and modification time in
 * nanoseconds. A rename keeps all three.
 */
export type FileIdentity = string;

export function identityOf({ ino, size, mtimeNs }: BigIntStats): FileIdentity {
  return `${ino}-${size}-${mtimeNs}`;
}

/**
 * Whether a file was modified so recently that another modification could bear the same time stamp: then equal
 * identities prove nothing yet. Stamps advance in steps of up to 10 ms on Linux, of up to 2 s where whole seconds
 * are kept (FAT, some network file systems). See "racy git" in Git's technical documentation.
 */
export function isTooFresh({ mtimeNs, mtimeMs }: BigIntStats): boolean {
  const step = mtimeNs % 1_000_000_000n === 0n ? 2_000 : 100;
  return Math.abs(Date.now() - Number(mtimeMs)) < step;
}
