const SHORT = 3;
const LONG = 4;

/** One uncompressed page of a TIFF. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: number;
  /** What the samples are: 0 and 1 grey, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 CIELAB. */
  readonly photometric: number;
  /** Rows from the top, samples interleaved; 16 bits in the file's byte order. */
  readonly samples: Buffer;
  /** More tags, and others in place of those above. */
  readonly tags?: Readonly<Record<number, readonly number[]>>;
}

/** A TIFF (revision 6.0): each page its samples, then its directory. Short values, and long ones above 65535. */
export function writeTiff(pages: readonly TiffPage[], order: 'II' | 'MM' = 'II'): Buffer {
  const isLittle = order === 'II';
  const u16 = (value: number) => written(2, value, isLittle);
  const u32 = (value: number) => written(4, value, isLittle);
  const parts: Buffer[] = [Buffer.from(order), u16(42)];
  let at = 8;
  for (const page of pages) {
    const padded = page.samples.length % 2 === 0 ? page.samples : Buffer.concat([page.samples, Buffer.of(0)]);
    const directory: Buffer[] = [];
    const far: Buffer[] = [];
    let valuesAt = at + padded.length;
    for (const [tag, values] of Object.entries(tagsOf(page, at))) {
      const isLong = values.some((value) => value > 0xffff);
      const bytes = Buffer.concat(values.map(isLong ? u32 : u16));
      directory.push(u16(Number(tag)), u16(isLong ? LONG : SHORT), u32(values.length));
      if (bytes.length <= 4) {
        directory.push(Buffer.concat([bytes, Buffer.alloc(4 - bytes.length)]));
        continue;
      }
      directory.push(u32(valuesAt));
      far.push(bytes);
      valuesAt += bytes.length;
    }
    // Where a directory is stands at the end of what is before it: the header, or the directory of the page before.
    parts.push(u32(valuesAt), padded, ...far, u16(directory.length / 4), ...directory);
    at = valuesAt + 2 + directory.length * 3 + 4;
  }
  return Buffer.concat([...parts, u32(0)]);
}

function tagsOf(page: TiffPage, samplesAt: number): Record<number, readonly number[]> {
  const { width, height, channels, bits, photometric, samples, tags } = page;
  return {
    256: [width],
    257: [height],
    258: new Array<number>(channels).fill(bits),
    259: [1],
    262: [photometric],
    273: [samplesAt],
    277: [channels],
    278: [height],
    279: [samples.length],
    284: [1],
    ...tags,
  };
}

function written(length: 2 | 4, value: number, isLittle: boolean): Buffer {
  const bytes = Buffer.alloc(length);
  if (isLittle) bytes.writeUIntLE(value, 0, length);
  else bytes.writeUIntBE(value, 0, length);
  return bytes;
}
