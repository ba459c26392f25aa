import sharp, { type Sharp } from 'sharp';

/**
 * Pictures for tests: a magenta ellipse beside a blue rectangle on a plain background. No turn or mirroring maps
 * the picture onto itself, so every wrong one shows.
 */

export type Rgb = readonly [red: number, green: number, blue: number];

export const MAGENTA: Rgb = [255, 0, 255];
export const BLUE: Rgb = [0, 0, 255];

/** Points well inside the parts of the picture, as fractions of its width and height. */
export const POINTS = {
  ellipse: { x: 0.35, y: 0.55 },
  rectangle: { x: 0.8, y: 0.25 },
  background: { x: 0.05, y: 0.05 },
} as const;

const ELLIPSE = { ...POINTS.ellipse, radiusX: 0.25, radiusY: 0.35 };
const RECTANGLE = { left: 0.7, top: 0.15, right: 0.9, bottom: 0.35 };

export type DrawnFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif';

/** The EXIF tag: what side of the picture the first row and the first column of the stored pixels show. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface SubjectSize {
  /** Pixels of the upright picture. Default 240 x 160. */
  readonly width?: number;
  readonly height?: number;
}

export interface SubjectColours {
  /** `#rrggbb`. Default pure green. */
  readonly background?: string;
}

export interface SubjectOptions extends SubjectSize, SubjectColours {
  /** Default `jpeg` (quality 95, full chroma). */
  readonly format?: DrawnFormat;
  /** Stores the pixels turned and adds the tag that turns them back: the upright picture is always the same. */
  readonly orientation?: Orientation;
}

/** An interleaved 8-bit picture, rows from the top. */
export interface RawPicture {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** The drawing as an image file. */
export async function drawSubject(options: SubjectOptions = {}): Promise<Buffer> {
  const { format = 'jpeg', orientation } = options;
  const upright = subjectPixels(options);
  if (orientation === undefined) return await withFormat(openRaw(upright), format).toBuffer();
  return await withFormat(openRaw(storedPixels(upright, orientation)), format)
    .withMetadata({ orientation })
    .toBuffer();
}

/** The upright drawing as RGB pixels. */
export function subjectPixels(options: SubjectSize & SubjectColours = {}): RawPicture {
  const { width = 240, height = 160, background = '#00ff00' } = options;
  const backgroundColour = parseColour(background);
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = partAt((x + 0.5) / width, (y + 0.5) / height);
      data.set(colour ?? backgroundColour, (y * width + x) * 3);
    }
  }
  return { data, width, height, channels: 3 };
}

/** The true matte of the drawing: one channel, 255 on the ellipse and the rectangle, 0 elsewhere. */
export function subjectMatte({ width = 240, height = 160 }: SubjectSize = {}): RawPicture {
  const data = Buffer.alloc(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (partAt((x + 0.5) / width, (y + 0.5) / height) !== undefined) data[y * width + x] = 255;
    }
  }
  return { data, width, height, channels: 1 };
}

/** The channels of the pixel at a place given in fractions of the size, such as one of POINTS. */
export function pixelAt(
  picture: Omit<RawPicture, 'data'> & { data: Uint8Array },
  at: { x: number; y: number },
) {
  const { data, width, height, channels } = picture;
  const offset = (Math.floor(at.y * height) * width + Math.floor(at.x * width)) * channels;
  return [...data.subarray(offset, offset + channels)];
}

/** Opens raw pixels for encoding. */
export function openRaw({ data, width, height, channels }: RawPicture): Sharp {
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4) throw new RangeError('channels');
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

function partAt(x: number, y: number): Rgb | undefined {
  const { left, top, right, bottom } = RECTANGLE;
  if (x >= left && x < right && y >= top && y < bottom) return BLUE;
  const distance = Math.hypot((x - ELLIPSE.x) / ELLIPSE.radiusX, (y - ELLIPSE.y) / ELLIPSE.radiusY);
  return distance <= 1 ? MAGENTA : undefined;
}

/**
 * The pixels as a camera with that orientation stores them (EXIF 2.32, tag 0x0112). Done by hand, so that it does
 * not share a mistake with the library under test.
 */
function storedPixels(upright: RawPicture, orientation: Orientation): RawPicture {
  const { width, height, channels } = upright;
  const right = width - 1;
  const bottom = height - 1;
  const uprightPlace: Record<Orientation, (column: number, row: number) => [x: number, y: number]> = {
    1: (column, row) => [column, row],
    2: (column, row) => [right - column, row],
    3: (column, row) => [right - column, bottom - row],
    4: (column, row) => [column, bottom - row],
    5: (column, row) => [row, column],
    6: (column, row) => [right - row, column],
    7: (column, row) => [right - row, bottom - column],
    8: (column, row) => [row, bottom - column],
  };
  const place = uprightPlace[orientation];
  const isSideways = orientation >= 5;
  const stored = { width: isSideways ? height : width, height: isSideways ? width : height };
  const data = Buffer.alloc(upright.data.length);
  for (let row = 0; row < stored.height; row++) {
    for (let column = 0; column < stored.width; column++) {
      const [x, y] = place(column, row);
      const from = (y * width + x) * channels;
      upright.data.copy(data, (row * stored.width + column) * channels, from, from + channels);
    }
  }
  return { data, ...stored, channels };
}

function withFormat(picture: Sharp, format: DrawnFormat): Sharp {
  switch (format) {
    case 'jpeg':
      return picture.jpeg({ quality: 95, chromaSubsampling: '4:4:4' });
    case 'png':
      return picture.png();
    case 'webp':
      return picture.webp({ lossless: true, effort: 0 });
    case 'avif':
      return picture.avif({ quality: 90, effort: 0, chromaSubsampling: '4:4:4' });
    case 'tiff':
      return picture.tiff({ compression: 'lzw' });
    case 'gif':
      return picture.gif();
  }
}

function parseColour(hex: string): Rgb {
  if (!/^#[0-9a-f]{6}$/i.test(hex)) throw new RangeError(`Not a colour: ${hex}`);
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
