const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/** What a JPEG says of itself in its frame header (ITU-T T.81, B.2.2). */
export interface JpegFrame {
  /** Second byte of the marker: 0xc0 baseline, 0xc1 extended, 0xc3 lossless. */
  readonly marker?: number;
  readonly precision?: number;
  readonly width?: number;
  readonly height?: number;
}

/** The same file with another frame header. */
export function claiming(jpeg: Buffer, { marker, precision, width, height }: JpegFrame): Buffer {
  const bytes = Buffer.from(jpeg);
  const at = frameHeaderAt(bytes);
  if (marker !== undefined) bytes[at + 1] = marker;
  if (precision !== undefined) bytes[at + 4] = precision;
  if (height !== undefined) bytes.writeUInt16BE(height, at + 5);
  if (width !== undefined) bytes.writeUInt16BE(width, at + 7);
  return bytes;
}

/** The first part of the file with an end put to it, as programs do that mend what was cut. */
export function closedEarly(jpeg: Buffer, part: number): Buffer {
  return Buffer.concat([jpeg.subarray(0, Math.floor(jpeg.length * part)), END_OF_IMAGE]);
}

/** A segment of an application (0 to 15) right behind the start. */
export function withSegment(jpeg: Buffer, application: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, 0xe0 + application, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, data, jpeg.subarray(2)]);
}

/** Bytes that belong to nothing before the end, as some cameras leave them. */
export function withStrayBytes(jpeg: Buffer, count: number): Buffer {
  return Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(count, 0x55), END_OF_IMAGE]);
}

function frameHeaderAt(jpeg: Buffer): number {
  for (let at = 2; at + 4 <= jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg[at + 1] as number;
    if (marker >= 0xc0 && marker <= 0xc3) return at;
  }
  throw new RangeError('There is no frame header');
}
