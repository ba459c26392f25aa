import { layOutMemory, roundUp } from '../../wasm.js';
import type { Picture } from '../decode.js';
import type { Grid } from './grid.js';
import { COMPARED_BYTES, type EdgeKernels, LINE_BYTES, MOMENTS_BYTES, WIDE_REACH } from './kernels.js';

/** Bytes of a vector: rows begin at such, and there is room behind each for the rest of one. */
const VECTOR = 16;
/** Levels of the pyramid above the cells themselves; the cells of each have twice the side of those of the one before. */
const COARSER_LEVELS = 4;
/** Rows of lines: from the one above those that are blended to those that are compared with the matte. */
export const LINES_HELD = WIDE_REACH + 3;
/** Bytes of a cell, of which there are most: four masks, the index, its moments, and twice a third of these. */
export const CELL_BYTES = 8 + MOMENTS_BYTES + (2 * MOMENTS_BYTES) / 3;

/** Cells of twice the side of those of the level before. */
export interface CoarserLevel {
  readonly columns: number;
  readonly rows: number;
  readonly moments: number;
  /** The moments around each, and from the next coarser level. */
  readonly around: number;
  readonly wanted: number;
}

/** Masks of all cells: those with an edge, those whose pixels change, whose lines are known, and that these come from. */
export interface Masks {
  readonly stride: number;
  readonly edges: number;
  readonly changed: number;
  readonly known: number;
  readonly near: number;
  /** Room for a row, between vectors of zeros. */
  readonly between: number;
}

/** Where what is worked on lies in the module's memory. */
export interface Workspace {
  /** Where in a row of the picture the samples are. */
  readonly places: number;
  readonly masks: Masks;
  readonly levels: number;
  readonly levelsStride: number;
  readonly pixels: number;
  readonly pixelsStride: number;
  /** For each cell where its moments are. */
  readonly index: number;
  readonly moments: number;
  readonly coarser: readonly CoarserLevel[];
  /** Rings of rows of cells. */
  readonly lines: number;
  readonly lineRowBytes: number;
  readonly compared: number;
  /** Rooms for a row of cells. */
  readonly sums: number;
  readonly columnSums: number;
  readonly mixed: number;
}

/** Lays it out for `nearCells` cells that have moments of their own. What is there already stays where it is. */
export function layOutWorkspace(
  kernels: EdgeKernels,
  picture: Picture,
  { columns, rows, across, down }: Grid,
  nearCells: number,
): Workspace {
  const stride = roundUp(columns, VECTOR);
  const maskBytes = stride * rows;
  const levelsStride = roundUp(picture.width, VECTOR) + VECTOR;
  const pixelsStride = roundUp(picture.width * picture.channels, VECTOR) + VECTOR;
  const lineRowBytes = roundUp(columns * LINE_BYTES, VECTOR) + VECTOR;
  const sizes = coarserSizes(columns, rows);
  const cells = sizes.map((size) => size.columns * size.rows);
  const coarserCells = cells.reduce((sum, count) => sum + count, 0);
  const places = layOutMemory(kernels, {
    places: columns * across.perCell * 4,
    masks: 4 * maskBytes,
    // With a vector of zeros on each side.
    between: 2 * VECTOR + stride,
    // One more for the highest of each column.
    levels: (down.perCell + 1) * levelsStride,
    pixels: down.perCell * pixelsStride,
    lines: LINES_HELD * lineRowBytes,
    compared: (2 * WIDE_REACH + 1) * columns * COMPARED_BYTES,
    sums: columns * MOMENTS_BYTES,
    columnSums: columns * MOMENTS_BYTES,
    mixed: lineRowBytes,
    coarser: coarserCells * (2 * MOMENTS_BYTES + 1) + VECTOR,
    index: columns * rows * 4,
    moments: nearCells * MOMENTS_BYTES,
  });
  let before = 0;
  const coarser = sizes.map((size, level) => {
    const moments = places.coarser + before * MOMENTS_BYTES;
    const around = moments + coarserCells * MOMENTS_BYTES;
    const wanted = places.coarser + 2 * coarserCells * MOMENTS_BYTES + before;
    before += cells[level] as number;
    return { ...size, moments, around, wanted };
  });
  return {
    ...places,
    masks: {
      stride,
      edges: places.masks,
      changed: places.masks + maskBytes,
      known: places.masks + 2 * maskBytes,
      near: places.masks + 3 * maskBytes,
      between: places.between + VECTOR,
    },
    levelsStride,
    pixelsStride,
    lineRowBytes,
    coarser,
  };
}

function coarserSizes(columns: number, rows: number): { columns: number; rows: number }[] {
  const sizes = [];
  let size = { columns, rows };
  for (let level = 0; level < COARSER_LEVELS; level++) {
    size = { columns: Math.ceil(size.columns / 2), rows: Math.ceil(size.rows / 2) };
    sizes.push(size);
  }
  return sizes;
}
