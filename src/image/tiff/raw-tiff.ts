/** Samples that are to be laid out as a TIFF. */
export interface RawLayout {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** RGB, or RGB and alpha, interleaved. */
  readonly channels: 3 | 4;
  /** Of each sample; two bytes are little-endian. */
  readonly bits: 8 | 16;
  /** Whether the colours are multiplied by the alpha. */
  readonly isPremultiplied: boolean;
  readonly profile: Uint8Array | undefined;
}

export interface RawTiff {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the samples go, rows from the top, without gaps. */
  readonly samples: Uint8Array<ArrayBuffer>;
}

const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;
/** Pieces this small are read one by one, without a copy of the whole. */
const STRIP_BYTES = 256 * 1024;

/**
 * An uncompressed TIFF (revision 6.0) whose samples are still to be filled in: the one way to hand libvips pixels
 * together with a profile and the kind of their alpha, so that they go the way of every other picture.
 */
export function layOutTiff(layout: RawLayout): RawTiff {
  const { width, height, channels, bits, isPremultiplied, profile } = layout;
  const rowBytes = (width * channels * bits) / 8;
  const rowsPerStrip = Math.max(1, Math.min(height, Math.floor(STRIP_BYTES / rowBytes)));
  const strips = Math.ceil(height / rowsPerStrip);
  const stripBytes = Array.from(
    { length: strips },
    (_, index) => Math.min(rowsPerStrip, height - index * rowsPerStrip) * rowBytes,
  );
  const entries: [tag: number, type: number, values: readonly number[] | Uint8Array][] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, new Array<number>(channels).fill(bits)],
    [259, SHORT, [1]],
    [262, SHORT, [2]],
    [273, LONG, stripBytes.map((_, index) => index * rowsPerStrip * rowBytes)],
    [277, SHORT, [channels]],
    [278, LONG, [rowsPerStrip]],
    [279, LONG, stripBytes],
    [284, SHORT, [1]],
  ];
  if (channels === 4) entries.push([338, SHORT, [isPremultiplied ? 1 : 2]]);
  if (profile !== undefined) entries.push([34675, UNDEFINED, profile]);

  const directoryBytes = 2 + entries.length * 12 + 4;
  const longValues = entries.reduce((sum, [, type, { length }]) => sum + longBytes(type, length), 0);
  const start = 8 + directoryBytes + longValues;
  const bytes = new Uint8Array(start + rowBytes * height);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x002a4949, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, entries.length, true);
  let at = 10;
  let valuesAt = 8 + directoryBytes;
  for (const [tag, type, values] of entries) {
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, values.length, true);
    const far = longBytes(type, values.length);
    if (far > 0) view.setUint32(at + 8, valuesAt, true);
    // Where the samples begin is known only here.
    writeValues(view, far > 0 ? valuesAt : at + 8, type, values, tag === 273 ? start : 0);
    at += 12;
    valuesAt += far;
  }
  return { bytes, samples: bytes.subarray(start) };
}

const SIZES: Readonly<Record<number, number>> = { [SHORT]: 2, [LONG]: 4, [UNDEFINED]: 1 };

/** Of values that do not fit into their entry, on a word boundary. */
function longBytes(type: number, count: number): number {
  const bytes = (SIZES[type] as number) * count;
  return bytes <= 4 ? 0 : bytes + (bytes % 2);
}

function writeValues(
  view: DataView,
  at: number,
  type: number,
  values: readonly number[] | Uint8Array,
  added: number,
): void {
  for (const [index, value] of values.entries()) {
    if (type === SHORT) view.setUint16(at + index * 2, value, true);
    else if (type === LONG) view.setUint32(at + index * 4, value + added, true);
    else view.setUint8(at + index, value);
  }
}
