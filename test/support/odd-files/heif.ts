/** A small writer of HEIF files (ISO/IEC 23008-12) around pictures that an encoder has coded already. */

export interface HeifItem {
  /** `av01`, `hvc1`, `grid`. */
  readonly type: string;
  /** Whole boxes. */
  readonly properties: readonly Buffer[];
  readonly data: Buffer;
  /** Numbers of the items that it is made of (from 1, in their order in the file). */
  readonly madeOf?: readonly number[];
}

export interface HeifLayout {
  readonly brand: string;
  readonly items: readonly HeifItem[];
  /** From 1. Default: the last one. */
  readonly primary?: number;
}

export function writeHeif({ brand, items, primary = items.length }: HeifLayout): Buffer {
  const head = box('ftyp', text(brand), u32(0), text('mif1'), text(brand));
  // Offsets have four bytes each, so their values do not change the length of what is before them.
  const length = head.length + metaBox(items, primary, 0).length;
  return Buffer.concat([
    head,
    metaBox(items, primary, length + 8),
    box('mdat', ...items.map(({ data }) => data)),
  ]);
}

function metaBox(items: readonly HeifItem[], primary: number, dataAt: number): Buffer {
  let at = dataAt;
  const places = items.map(({ data }, index) => {
    const place = Buffer.concat([u16(index + 1), u16(0), u16(1), u32(at), u32(data.length)]);
    at += data.length;
    return place;
  });
  const infos = items.map(({ type }, index) =>
    fullBox('infe', 2, u16(index + 1), u16(0), text(type), Buffer.from([0])),
  );
  const references = items.flatMap(({ madeOf = [] }, index) =>
    madeOf.length === 0 ? [] : [box('dimg', u16(index + 1), u16(madeOf.length), ...madeOf.map(u16))],
  );
  let lastProperty = 0;
  const associations = items.map(({ properties }, index) =>
    Buffer.concat([
      u16(index + 1),
      Buffer.from([properties.length, ...properties.map(() => 0x80 | ++lastProperty)]),
    ]),
  );
  return fullBox(
    'meta',
    0,
    fullBox('hdlr', 0, u32(0), text('pict'), Buffer.alloc(13)),
    fullBox('pitm', 0, u16(primary)),
    fullBox('iloc', 0, Buffer.from([0x44, 0]), u16(items.length), ...places),
    fullBox('iinf', 0, u16(items.length), ...infos),
    ...(references.length === 0 ? [] : [fullBox('iref', 0, ...references)]),
    box(
      'iprp',
      box('ipco', ...items.flatMap(({ properties }) => properties)),
      fullBox('ipma', 0, u32(items.length), ...associations),
    ),
  );
}

/** The only picture of a file that an encoder wrote, ready to be put into another one. */
export function codedItem(file: Buffer, type: 'av01' | 'hvc1'): HeifItem {
  const meta = find(boxes(file), 'meta').subarray(12);
  const properties = boxes(find(boxes(find(boxes(meta), 'iprp').subarray(8)), 'ipco').subarray(8));
  const wanted = type === 'av01' ? ['av1C', 'ispe', 'pixi'] : ['hvcC', 'ispe', 'pixi'];
  // iloc, versions 0 and 1: sizes of the numbers, count of items; then number, (method,) base, extents.
  const iloc = find(boxes(meta), 'iloc');
  const version = iloc[8] as number;
  const baseBytes = (iloc[13] as number) >> 4;
  const extent = 16 + 2 + (version === 1 ? 2 : 0) + 2 + baseBytes + 2;
  const start = iloc.readUInt32BE(extent) + (baseBytes === 4 ? iloc.readUInt32BE(extent - 6) : 0);
  const data = file.subarray(start, start + iloc.readUInt32BE(extent + 4));
  return { type, properties: properties.filter((each) => wanted.includes(typeOf(each))), data };
}

/** Pixels that a file says a picture has. */
function sizeProperty(width: number, height: number): Buffer {
  return fullBox('ispe', 0, u32(width), u32(height));
}

/** Colours by code points, in the full range. */
export function nclxProperty(primaries: number, transfer: number, matrix: number): Buffer {
  return box('colr', text('nclx'), u16(primaries), u16(transfer), u16(matrix), Buffer.from([0x80]));
}

/** Quarters of a turn, against the clock. */
export function turnProperty(quarters: number): Buffer {
  return box('irot', Buffer.from([quarters]));
}

/** The item with another size than it has. */
export function withSize(item: HeifItem, width: number, height: number): HeifItem {
  const others = item.properties.filter((each) => typeOf(each) !== 'ispe');
  return { ...item, properties: [...others, sizeProperty(width, height)] };
}

/** A picture of tiles, 2 x 2. */
export function grid(
  tiles: readonly [number, number, number, number],
  width: number,
  height: number,
): HeifItem {
  const data = Buffer.concat([Buffer.from([0, 0, 1, 1]), u16(width), u16(height)]);
  return { type: 'grid', properties: [sizeProperty(width, height)], data, madeOf: tiles };
}

function boxes(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

function typeOf(bytes: Buffer): string {
  return bytes.toString('latin1', 4, 8);
}

function find(all: readonly Buffer[], type: string): Buffer {
  const found = all.find((each) => typeOf(each) === type);
  if (found === undefined) throw new RangeError(`There is no box ${type}`);
  return found;
}

function box(type: string, ...content: readonly Buffer[]): Buffer {
  const all = Buffer.concat(content);
  return Buffer.concat([u32(all.length + 8), text(type), all]);
}

function fullBox(type: string, version: number, ...content: readonly Buffer[]): Buffer {
  return box(type, Buffer.from([version, 0, 0, 0]), ...content);
}

function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
