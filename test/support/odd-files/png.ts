import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** The signature, and the header chunk behind it. */
const HEADER_END = 33;

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA. */
  readonly colourType: number;
}

/** A PNG of rows of packed samples, without filters; chunks stand before the pixels. */
export function writePng(header: PngHeader, rows: readonly Buffer[], chunks: readonly Buffer[] = []): Buffer {
  const filtered = Buffer.concat(rows.flatMap((row) => [Buffer.from([0]), row]));
  return Buffer.concat([
    SIGNATURE,
    headerChunk(header),
    ...chunks,
    pngChunk('IDAT', deflateSync(filtered)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Right behind the header. */
export function insertChunk(png: Buffer, chunk: Buffer): Buffer {
  return Buffer.concat([png.subarray(0, HEADER_END), chunk, png.subarray(HEADER_END)]);
}

/** The pixels of a PNG under the header of another. */
export function replaceHeader(png: Buffer, header: PngHeader): Buffer {
  return Buffer.concat([SIGNATURE, headerChunk(header), png.subarray(HEADER_END)]);
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** An animated PNG of PNGs of one size and kind; the first is the picture that everyone sees (PNG, third edition, 11.3.6). */
export function animatePng(frames: readonly Buffer[]): Buffer {
  const [first] = frames;
  if (first === undefined) throw new RangeError('There is no frame');
  const count = Buffer.alloc(8);
  count.writeUInt32BE(frames.length, 0);
  let sequence = 0;
  const control = (): Buffer => {
    const data = Buffer.alloc(26);
    data.writeUInt32BE(sequence++, 0);
    first.copy(data, 4, 16, 24);
    data.writeUInt16BE(1, 20);
    data.writeUInt16BE(10, 22);
    return pngChunk('fcTL', data);
  };
  const pixels = frames.map((frame, index) => {
    const chunks = [control()];
    for (const data of pixelData(frame)) {
      const number = Buffer.alloc(4);
      if (index > 0) number.writeUInt32BE(sequence++);
      chunks.push(index === 0 ? pngChunk('IDAT', data) : pngChunk('fdAT', Buffer.concat([number, data])));
    }
    return Buffer.concat(chunks);
  });
  return Buffer.concat([
    first.subarray(0, HEADER_END),
    pngChunk('acTL', count),
    ...pixels,
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pixelData(png: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = SIGNATURE.length; at + 8 <= png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') found.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return found;
}

function headerChunk({ width, height, bits, colourType }: PngHeader): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([bits, colourType], 8);
  return pngChunk('IHDR', data);
}
