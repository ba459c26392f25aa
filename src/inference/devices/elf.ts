import { open } from 'node:fs/promises';

/**
 * The names of the libraries that a shared library asks the loader for (DT_NEEDED), in order. It reads 64-bit
 * little-endian ELF (the System V ABI's "gABI", chapters 4 and 5), which is what Linux on x64 and arm64 has, and only
 * the parts that are needed: the file may have hundreds of megabytes. Throws where the file is no such library.
 */
export async function neededLibraries(file: string): Promise<string[]> {
  const handle = await open(file, 'r');
  try {
    const read = async (offset: number, length: number) => {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset);
      if (bytesRead < length) throw new Error(`${file} ends early`);
      return buffer;
    };
    const header = await read(0, HEADER_BYTES);
    if (header.readUInt32BE(0) !== MAGIC || header[4] !== CLASS_64 || header[5] !== LITTLE_ENDIAN)
      throw new Error(`${file} is no 64-bit ELF library`);
    const segments = await readSegments(header, read);
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
    if (dynamic === undefined) return [];
    return await namesIn(dynamic, segments, read);
  } finally {
    await handle.close();
  }
}

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const ENTRY_BYTES = 16;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;

type Read = (offset: number, length: number) => Promise<Buffer>;

interface Segment {
  readonly type: number;
  /** Where it is in the file, and in memory. */
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

async function readSegments(header: Buffer, read: Read): Promise<Segment[]> {
  const table = await read(number(header, 32), header.readUInt16LE(56) * SEGMENT_BYTES);
  const segments: Segment[] = [];
  for (let at = 0; at < table.length; at += SEGMENT_BYTES) {
    segments.push({
      type: table.readUInt32LE(at),
      offset: number(table, at + 8),
      address: number(table, at + 16),
      size: number(table, at + 32),
    });
  }
  return segments;
}

async function namesIn(dynamic: Segment, segments: readonly Segment[], read: Read): Promise<string[]> {
  const entries = await read(dynamic.offset, dynamic.size);
  const needed: number[] = [];
  let address = 0;
  let size = 0;
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    const value = number(entries, at + 8);
    const tag = number(entries, at);
    if (tag === DT_NEEDED) needed.push(value);
    else if (tag === DT_STRTAB) address = value;
    else if (tag === DT_STRSZ) size = value;
  }
  const home = segments.find(
    (segment) =>
      segment.type === PT_LOAD && address >= segment.address && address < segment.address + segment.size,
  );
  if (home === undefined) return [];
  const strings = await read(home.offset + address - home.address, size);
  return needed.map((start) => strings.toString('latin1', start, strings.indexOf(0, start)));
}

/** Tags, offsets and addresses have 64 bits; those of a library fit a double. */
function number(buffer: Buffer, at: number): number {
  return Number(buffer.readBigUInt64LE(at));
}
