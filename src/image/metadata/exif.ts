/**
 * EXIF is a TIFF file without a picture (Exif 3.0, 4.6). It is not edited but written anew, with the tags that are
 * listed here and nothing else: what no list names can't slip through. Left out are the orientation (the picture is
 * upright), GPS, thumbnails (they show what was cut away), notes of makers (nobody knows what is in them) and what
 * describes the pixels of the input.
 */

type Range = readonly [from: number, to: number];

/** Image description, make, model; resolution; software, date; artist; host; rating; copyright; titles of Windows. */
const IMAGE_TAGS: readonly Range[] = [
  [0x010e, 0x0110],
  [0x011a, 0x011b],
  [0x0128, 0x0128],
  [0x0131, 0x0132],
  [0x013b, 0x013c],
  [0x4746, 0x4746],
  [0x4749, 0x4749],
  [0x8298, 0x8298],
  [0x9c9b, 0x9c9f],
];

/** Exposure, times, lens, comment, scene, owner, serial numbers; no places in pixels, no colour space. */
const PHOTO_TAGS: readonly Range[] = [
  [0x829a, 0x829d],
  [0x8822, 0x8822],
  [0x8824, 0x8824],
  [0x8827, 0x8835],
  [0x9000, 0x9012],
  [0x9101, 0x9102],
  [0x9201, 0x920a],
  [0x9286, 0x9292],
  [0x9400, 0x9405],
  [0xa20e, 0xa210],
  [0xa215, 0xa217],
  [0xa300, 0xa302],
  [0xa401, 0xa40c],
  [0xa420, 0xa462],
  [0xa500, 0xa500],
];

const PHOTO_POINTER = 0x8769;
const LONG = 4;
/** Bytes of a value, by its type (TIFF 6.0, section 2; Exif 3.0 adds UTF-8, 129). */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  129: 1,
};
const ENTRY_BYTES = 12;
const INLINE_BYTES = 4;
/** What fits into a JPEG beside the marker of its segment. */
const MOST_BYTES = 65_000;

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly value: Uint8Array;
}

/**
 * `exif` with or without "Exif\0\0" before it. Undefined where nothing of it is left, where it can't be read, or where
 * it is too long for a JPEG.
 */
export function cleanExif(exif: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(exif.buffer, exif.byteOffset, exif.length);
  const tiff = bytes.toString('latin1', 0, 6) === 'Exif\0\0' ? bytes.subarray(6) : bytes;
  const order = tiff.toString('latin1', 0, 2);
  if ((order !== 'II' && order !== 'MM') || tiff.length < 8) return undefined;
  const isLittle = order === 'II';
  const entries = readEntries(tiff, uint(tiff, 4, 4, isLittle), isLittle);
  const pointer = entries.find(({ tag, value }) => tag === PHOTO_POINTER && value.length === 4);
  const photo = pointer && readEntries(tiff, uint(Buffer.from(pointer.value), 0, 4, isLittle), isLittle);
  const keptImage = entries.filter(({ tag }) => isIn(IMAGE_TAGS, tag));
  const keptPhoto = (photo ?? []).filter(({ tag }) => isIn(PHOTO_TAGS, tag));
  if (keptImage.length + keptPhoto.length === 0) return undefined;
  const written = writeTiff(keptImage, keptPhoto, isLittle);
  return written.length > MOST_BYTES ? undefined : written;
}

function isIn(ranges: readonly Range[], tag: number): boolean {
  return ranges.some(([from, to]) => tag >= from && tag <= to);
}

/** The entries of a directory whose values are within the bytes. */
function readEntries(tiff: Buffer, offset: number, isLittle: boolean): Entry[] {
  const entries: Entry[] = [];
  const count = offset + 2 <= tiff.length ? uint(tiff, offset, 2, isLittle) : 0;
  for (let index = 0; index < count; index++) {
    const at = offset + 2 + index * ENTRY_BYTES;
    if (at + ENTRY_BYTES > tiff.length) break;
    const type = uint(tiff, at + 2, 2, isLittle);
    const values = uint(tiff, at + 4, 4, isLittle);
    const length = (TYPE_BYTES[type] ?? 0) * values;
    const start = length <= INLINE_BYTES ? at + 8 : uint(tiff, at + 8, 4, isLittle);
    if (length === 0 || start + length > tiff.length) continue;
    const value = tiff.subarray(start, start + length);
    entries.push({ tag: uint(tiff, at, 2, isLittle), type, count: values, value });
  }
  return entries;
}

function writeTiff(image: readonly Entry[], photo: readonly Entry[], isLittle: boolean): Uint8Array {
  const pointerAt = 8;
  const photoEntry = (offset: number): Entry[] =>
    photo.length === 0
      ? []
      : [{ tag: PHOTO_POINTER, type: LONG, count: 1, value: ofUint(offset, 4, isLittle) }];
  const imageLength = directory([...image, ...photoEntry(0)], pointerAt, isLittle).length;
  const parts = [
    Buffer.from(isLittle ? 'II' : 'MM', 'latin1'),
    ofUint(42, 2, isLittle),
    ofUint(pointerAt, 4, isLittle),
    directory([...image, ...photoEntry(pointerAt + imageLength)], pointerAt, isLittle),
    ...(photo.length === 0 ? [] : [directory(photo, pointerAt + imageLength, isLittle)]),
  ];
  return new Uint8Array(Buffer.concat(parts));
}

/** A directory that stands at `offset`, and behind it the values that do not fit into its entries. */
function directory(entries: readonly Entry[], offset: number, isLittle: boolean): Buffer {
  const sorted = entries.toSorted((one, other) => one.tag - other.tag);
  const head = [ofUint(sorted.length, 2, isLittle)];
  const values: Uint8Array[] = [];
  let valueAt = offset + 2 + sorted.length * ENTRY_BYTES + INLINE_BYTES;
  for (const { tag, type, count, value } of sorted) {
    head.push(ofUint(tag, 2, isLittle), ofUint(type, 2, isLittle), ofUint(count, 4, isLittle));
    if (value.length <= INLINE_BYTES) {
      head.push(padded(value, INLINE_BYTES));
      continue;
    }
    head.push(ofUint(valueAt, 4, isLittle));
    // Values begin at even places.
    const even = padded(value, value.length + (value.length % 2));
    values.push(even);
    valueAt += even.length;
  }
  // No directory follows: the one of the thumbnail would.
  return Buffer.concat([...head, ofUint(0, 4, isLittle), ...values]);
}

function padded(value: Uint8Array, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.set(value);
  return bytes;
}

function uint(bytes: Buffer, at: number, length: 2 | 4, isLittle: boolean): number {
  return isLittle ? bytes.readUIntLE(at, length) : bytes.readUIntBE(at, length);
}

function ofUint(value: number, length: 2 | 4, isLittle: boolean): Buffer {
  const bytes = Buffer.alloc(length);
  if (isLittle) bytes.writeUIntLE(value, 0, length);
  else bytes.writeUIntBE(value, 0, length);
  return bytes;
}
