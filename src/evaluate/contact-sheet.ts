import sharp, { type Sharp } from 'sharp';
import type { Plane } from './plane.js';

/** One row of a sheet: the picture, its truth, the matte and where they differ, made small. */
export interface SheetRow {
  /** RGB, `CELL` x `CELL` pixels each. */
  readonly cells: readonly Buffer[];
}

/** Pixels: side of a cell, and what is between two. */
const CELL = 240;
const GAP = 4;
const GREY = { r: 96, g: 96, b: 96 };

/** `picture` is an image file's bytes. */
export async function drawRow(picture: Uint8Array, truth: Plane, matte: Plane): Promise<SheetRow> {
  return {
    cells: await Promise.all([
      toCell(sharp(picture, { limitInputPixels: false }).autoOrient()),
      toCell(openPlane(truth)),
      toCell(openPlane(matte)),
      toCell(openRgb(differenceOf(truth, matte), truth)),
    ]),
  };
}

/** Rows below each other; the format is the one that the file's name ends with. */
export async function writeSheet(file: string, rows: readonly SheetRow[]): Promise<void> {
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  const step = CELL + GAP;
  const cells = rows.flatMap((row, y) =>
    row.cells.map((input, x) => ({
      input,
      raw: { width: CELL, height: CELL, channels: 3 as const },
      left: GAP + x * step,
      top: GAP + y * step,
    })),
  );
  await sharp({
    create: {
      width: GAP + columns * step,
      height: GAP + rows.length * step,
      channels: 3,
      background: 'white',
    },
    limitInputPixels: false,
  })
    .composite(cells)
    .toFile(file);
}

/** Red where the matte has more than the truth, blue where it has less, faint grey where both have the subject. */
function differenceOf(truth: Plane, matte: Plane): Uint8Array {
  const rgb = new Uint8Array(truth.data.length * 3);
  for (let at = 0; at < truth.data.length; at++) {
    const right = truth.data[at] as number;
    const found = matte.data[at] as number;
    const shared = Math.min(right, found) >> 2;
    rgb[3 * at] = shared + Math.max(0, found - right) * 0.75;
    rgb[3 * at + 1] = shared;
    rgb[3 * at + 2] = shared + Math.max(0, right - found) * 0.75;
  }
  return rgb;
}

function openPlane({ data, width, height }: Plane): Sharp {
  return sharp(data, { raw: { width, height, channels: 1 }, limitInputPixels: false });
}

function openRgb(data: Uint8Array, { width, height }: Plane): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}

async function toCell(picture: Sharp): Promise<Buffer> {
  return await picture
    .flatten({ background: GREY })
    .resize(CELL, CELL, { fit: 'contain', background: GREY })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer();
}
