import { profileOfCicp } from '../color/cicp.js';
import { metadataChunks } from './metadata-chunks.js';
import { SIGNATURE, withChunks } from './write-png.js';

/** Length and type; the checksum is behind the data. */
const HEAD_BYTES = 8;
const CHECKSUM_BYTES = 4;
/** What says which colours a PNG is in (PNG, third edition, 4.3): only the one that counts is left in. */
const COLOUR_CHUNKS = ['cICP', 'iCCP', 'sRGB', 'gAMA', 'cHRM'];

export function isPng(file: Uint8Array): boolean {
  return SIGNATURE.every((byte, at) => file[at] === byte);
}

/**
 * A PNG that names its colours by code points (chunk `cICP`, which goes before every other) as one with a profile of them:
 * libvips passes over that chunk. Other PNGs, and those in sRGB, as they are.
 */
export function withProfileOfCicp(png: Uint8Array): Uint8Array {
  const header = chunksBeforeData(png);
  const named = header.find(({ type, data }) => type === 'cICP' && data.length === 4)?.data;
  const [primaries, transfer] = named ?? [];
  if (primaries === undefined || transfer === undefined) return png;
  const icc = profileOfCicp({ primaries, transfer });
  if (icc === undefined) return png;
  const kept = header.filter(({ type }) => !COLOUR_CHUNKS.includes(type)).map(({ whole }) => whole);
  const rest = png.subarray(header.at(-1)?.end);
  return withChunks(Buffer.concat([SIGNATURE, ...kept, rest]), metadataChunks({ icc }));
}

interface HeaderChunk {
  readonly type: string;
  readonly data: Uint8Array;
  readonly whole: Uint8Array;
  /** Where in the file the next one begins. */
  readonly end: number;
}

/** The chunks before the pixels, as far as they are whole. */
function chunksBeforeData(png: Uint8Array): HeaderChunk[] {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  const chunks: HeaderChunk[] = [];
  for (let at = SIGNATURE.length; at + HEAD_BYTES <= png.length; ) {
    const type = Buffer.from(png.subarray(at + 4, at + HEAD_BYTES)).toString('latin1');
    const dataEnd = at + HEAD_BYTES + view.getUint32(at);
    const end = dataEnd + CHECKSUM_BYTES;
    if (type === 'IDAT' || end > png.length) break;
    chunks.push({ type, data: png.subarray(at + HEAD_BYTES, dataEnd), whole: png.subarray(at, end), end });
    at = end;
  }
  return chunks;
}
