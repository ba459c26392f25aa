import { writeFile } from 'node:fs/promises';

/** Where the only segment of the made library lies in memory: somewhere else than in the file, as in real ones. */
const SHIFT = 0x1000n;

/** Writes a shared library for Linux that does nothing but ask for others: an ELF header, its segments and names. */
export async function writeElf(file: string, needed: readonly string[]): Promise<void> {
  const strings = Buffer.from(`\0${needed.map((name) => `${name}\0`).join('')}`, 'latin1');
  const header = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(62, 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(2, 56);

  const stringsAt = BigInt(64 + 2 * 56);
  const dynamicAt = stringsAt + BigInt(strings.length);
  const entries: [tag: bigint, value: bigint][] = [];
  let start = 1n;
  for (const name of needed) {
    entries.push([1n, start]);
    start += BigInt(name.length + 1);
  }
  entries.push([5n, stringsAt + SHIFT], [10n, BigInt(strings.length)], [0n, 0n]);
  const dynamic = Buffer.alloc(entries.length * 16);
  for (const [index, [tag, value]] of entries.entries()) {
    dynamic.writeBigUInt64LE(tag, index * 16);
    dynamic.writeBigUInt64LE(value, index * 16 + 8);
  }
  const size = dynamicAt + BigInt(dynamic.length);
  const segments = [segment(1, 0n, size), segment(2, dynamicAt, BigInt(dynamic.length))];
  await writeFile(file, Buffer.concat([header, ...segments, strings, dynamic]));
}

function segment(type: number, offset: bigint, size: bigint): Buffer {
  const entry = Buffer.alloc(56);
  entry.writeUInt32LE(type, 0);
  entry.writeBigUInt64LE(offset, 8);
  entry.writeBigUInt64LE(offset + SHIFT, 16);
  entry.writeBigUInt64LE(size, 32);
  entry.writeBigUInt64LE(size, 40);
  return entry;
}
