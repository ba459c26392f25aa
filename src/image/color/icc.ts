/** x and y of CIE 1931. */
type Point = readonly [x: number, y: number];
type Vector = readonly [number, number, number];
type Matrix = readonly [Vector, Vector, Vector];

export interface Chromaticities {
  readonly red: Point;
  readonly green: Point;
  readonly blue: Point;
  readonly white: Point;
}

/** From a stored value to linear light, both 0..1. */
export type Curve = (value: number) => number;

/** CIE illuminant D50, in which profiles give their colours. */
const D50: Vector = [0.9642, 1, 0.8249];
/** Cone responses: the Bradford transform (ICC.1:2022, annex E). */
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];
/** Points of a curve: enough for the steep start of PQ. */
const CURVE_POINTS = 4096;

/** A display profile of three primaries and one curve (ICC.1:2022, version 2.4 of the format: "matrix/TRC"). */
export function buildProfile(colours: Chromaticities, curve: Curve): Uint8Array<ArrayBuffer> {
  const [red, green, blue] = columnsOf(colorantsOf(colours));
  const response = curveTag(curve);
  const tags: readonly (readonly [name: string, data: Buffer])[] = [
    ['desc', descriptionTag()],
    ['cprt', textTag('No copyright')],
    ['wtpt', xyzTag(D50)],
    ['rXYZ', xyzTag(red)],
    ['gXYZ', xyzTag(green)],
    ['bXYZ', xyzTag(blue)],
    ['rTRC', response],
    ['gTRC', response],
    ['bTRC', response],
  ];
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length, 0);
  const places = new Map<Buffer, number>();
  let end = HEADER_BYTES + table.length;
  for (const [index, [name, data]] of tags.entries()) {
    const at = places.get(data) ?? end;
    if (at === end) end += data.length;
    places.set(data, at);
    table.write(name, 4 + index * 12, 'latin1');
    table.writeUInt32BE(at, 8 + index * 12);
    table.writeUInt32BE(data.length, 12 + index * 12);
  }
  return new Uint8Array(Buffer.concat([header(end), table, ...places.keys()]));
}

const HEADER_BYTES = 128;

function header(size: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt32BE(size, 0);
  bytes.writeUInt32BE(0x02400000, 8);
  bytes.write('mntrRGB XYZ ', 12, 'latin1');
  // A date is asked for; any will do.
  for (const [index, part] of [2000, 1, 1].entries()) bytes.writeUInt16BE(part, 24 + index * 2);
  bytes.write('acsp', 36, 'latin1');
  writeXyz(bytes, 68, D50);
  return bytes;
}

function descriptionTag(): Buffer {
  const name = 'Named by code points\0';
  // Behind the ASCII name: no Unicode name, no Macintosh name (67 bytes kept free).
  const bytes = Buffer.alloc(12 + name.length + 4 + 4 + 2 + 1 + 67);
  bytes.write('desc', 0, 'latin1');
  bytes.writeUInt32BE(name.length, 8);
  bytes.write(name, 12, 'latin1');
  return padded(bytes);
}

function textTag(text: string): Buffer {
  return padded(Buffer.from(`text\0\0\0\0${text}\0`, 'latin1'));
}

function xyzTag(xyz: Vector): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.write('XYZ ', 0, 'latin1');
  writeXyz(bytes, 8, xyz);
  return bytes;
}

function writeXyz(bytes: Buffer, at: number, xyz: Vector): void {
  for (const [index, value] of xyz.entries()) bytes.writeInt32BE(Math.round(value * 65536), at + index * 4);
}

function curveTag(curve: Curve): Buffer {
  const bytes = Buffer.alloc(12 + CURVE_POINTS * 2);
  bytes.write('curv', 0, 'latin1');
  bytes.writeUInt32BE(CURVE_POINTS, 8);
  for (let point = 0; point < CURVE_POINTS; point++) {
    const light = Math.min(1, Math.max(0, curve(point / (CURVE_POINTS - 1))));
    bytes.writeUInt16BE(Math.round(light * 65535), 12 + point * 2);
  }
  return bytes;
}

/** Tags start at multiples of four. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** From linear RGB to XYZ under D50. */
function colorantsOf({ red, green, blue, white }: Chromaticities): Matrix {
  const primaries = transposed([xyzOf(red), xyzOf(green), xyzOf(blue)]);
  const whiteXyz = xyzOf(white);
  const amounts = times(inverted(primaries), whiteXyz);
  const toXyz = primaries.map((row) => row.map((value, index) => value * (amounts[index] as number)));
  return product(adaptation(whiteXyz), toXyz as unknown as Matrix);
}

/** From XYZ seen under a white to XYZ under D50. */
function adaptation(white: Vector): Matrix {
  const from = times(BRADFORD, white);
  const to = times(BRADFORD, D50);
  const scaled = BRADFORD.map((row, index) =>
    row.map((value) => (value * (to[index] as number)) / (from[index] as number)),
  );
  return product(inverted(BRADFORD), scaled as unknown as Matrix);
}

function xyzOf([x, y]: Point): Vector {
  return [x / y, 1, (1 - x - y) / y];
}

function times(matrix: Matrix, [a, b, c]: Vector): Vector {
  const [x, y, z] = matrix.map((row) => row[0] * a + row[1] * b + row[2] * c);
  return [x as number, y as number, z as number];
}

function product(one: Matrix, other: Matrix): Matrix {
  const [a, b, c] = columnsOf(other);
  return transposed([times(one, a), times(one, b), times(one, c)]);
}

function transposed([a, b, c]: Matrix): Matrix {
  return [
    [a[0], b[0], c[0]],
    [a[1], b[1], c[1]],
    [a[2], b[2], c[2]],
  ];
}

function columnsOf(matrix: Matrix): Matrix {
  return transposed(matrix);
}

function inverted([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const over = (value: number) => value / determinant;
  return [
    [over(e * i - f * h), over(c * h - b * i), over(b * f - c * e)],
    [over(f * g - d * i), over(a * i - c * g), over(c * d - a * f)],
    [over(d * h - e * g), over(b * g - a * h), over(a * e - b * d)],
  ];
}
