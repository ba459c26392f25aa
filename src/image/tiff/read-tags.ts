const SHORT = 3;
const ENTRY_BYTES = { classic: 12, big: 20 } as const;

/**
 * The first values of whole-number tags in the first directory of a TIFF (6.0, section 2) or BigTIFF; without those that
 * are missing or lie outside of the file.
 */
export function readTags(file: Uint8Array, wanted: readonly number[]): Map<number, number> {
  const tags = new Map<number, number>();
  if (file.length < 16) return tags;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const isLittle = file[0] === 0x49;
  const isBig = view.getUint16(2, isLittle) === 43;
  const entryBytes = isBig ? ENTRY_BYTES.big : ENTRY_BYTES.classic;
  const valueAt = isBig ? 12 : 8;
  // Offsets and counts of 64 bits: none is beyond what a number holds in a file that is in memory.
  const start = isBig ? Number(view.getBigUint64(8, isLittle)) : view.getUint32(4, isLittle);
  const headBytes = isBig ? 8 : 2;
  if (start + headBytes > file.length) return tags;
  const count = isBig ? Number(view.getBigUint64(start, isLittle)) : view.getUint16(start, isLittle);
  for (let index = 0; index < count; index++) {
    const at = start + headBytes + index * entryBytes;
    if (at + entryBytes > file.length) break;
    const tag = view.getUint16(at, isLittle);
    if (!wanted.includes(tag)) continue;
    const value = firstShort(view, at, { valueAt, isBig, isLittle });
    if (value !== undefined) tags.set(tag, value);
  }
  return tags;
}

interface EntryLayout {
  readonly valueAt: number;
  readonly isBig: boolean;
  readonly isLittle: boolean;
}

/** Short values lie in their entry, or where it points to if they are many. */
function firstShort(
  view: DataView,
  entry: number,
  { valueAt, isBig, isLittle }: EntryLayout,
): number | undefined {
  if (view.getUint16(entry + 2, isLittle) !== SHORT) return undefined;
  const count = isBig ? Number(view.getBigUint64(entry + 4, isLittle)) : view.getUint32(entry + 4, isLittle);
  const room = isBig ? 8 : 4;
  const at = entry + valueAt;
  if (count * 2 <= room) return view.getUint16(at, isLittle);
  const place = isBig ? Number(view.getBigUint64(at, isLittle)) : view.getUint32(at, isLittle);
  return place + 2 <= view.byteLength ? view.getUint16(place, isLittle) : undefined;
}
