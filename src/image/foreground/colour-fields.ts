import { layOutMemory, roundUp } from '../../wasm.js';
import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import { blurMemory, blurredRows } from './blurred-rows.js';
import { type ColourGrid, placeIn } from './colour-grid.js';
import { type ForegroundKernels, MEAN_BYTES, SIDES_BYTES } from './kernels.js';

/** Room behind what is read: vectors may go beyond the end. */
const MARGIN = 16;

/** The colours of subject and background around each cell of a grid, 0..255, a row after another. */
export interface ColourFields {
  /** Where rows of the picture and of its matte may be put, which is done only between two calls of `rowsAround`. */
  readonly pixels: number;
  readonly levels: number;
  /** Room for what is between two rows. */
  readonly mixed: number;
  /** Where the two rows are between which a row of pixels lies, and where between them. Asked for from the top on. */
  rowsAround(y: number): { readonly upper: number; readonly lower: number; readonly share: number };
}

/**
 * Blurs the colours of subject and background, each weighted by how much of it is in a pixel, in two passes (Forte and Pitié,
 * "Approximate Fast Foreground Colour Estimation", ICIP 2021): widely first, which gives an estimate everywhere; then
 * closely over what that estimate makes of the picture. All on a reduced picture: what is fine comes from the picture
 * itself, in the formula that ends each pass. The paper weighs with the share that a side has of a pixel; with its cube a
 * wide edge gets its colours from where it is nearly pure, and a quarter of the remaining error goes.
 *
 * It goes down the picture, and keeps only the rows that are still needed. The row of pixels that was asked for last, and
 * those above it, may be changed: they are not read again.
 */
export function colourFields(
  kernels: ForegroundKernels,
  picture: Picture,
  matte: Matte,
  grid: ColourGrid,
): ColourFields {
  const { data, width, channels } = picture;
  const { across, down, columns: cells, height: rows, far, near, top } = grid;
  const { perCell } = across;
  const samples = across.places.subarray(grid.left * perCell, (grid.left + cells) * perCell);
  const firstPixel = samples[0] as number;
  const pixels = (samples.at(-1) as number) + 1 - firstPixel;
  const pixelsStride = roundUp(width * channels + MARGIN, MARGIN);
  const levelsStride = roundUp(width + MARGIN, MARGIN);
  const meansHeld = Math.min(rows, far + 1);
  const rowBytes = cells * SIDES_BYTES;
  const places = layOutMemory(kernels, {
    samples: samples.length * 4,
    pixels: down.perCell * pixelsStride,
    levels: down.perCell * levelsStride,
    means: meansHeld * cells * MEAN_BYTES,
    row: rowBytes,
    far: blurMemory(cells, rows, far),
    around: rowBytes,
    near: blurMemory(cells, rows, near),
    fields: 2 * rowBytes,
    mixed: rowBytes,
  });
  const bytes = new Uint8Array(kernels.memory.buffer);
  new Int32Array(bytes.buffer, places.samples, samples.length).set(
    samples.map((place) => place - firstPixel),
  );
  const meansOf = (y: number) => places.means + (y % meansHeld) * cells * MEAN_BYTES;
  const fieldsOf = (y: number) => places.fields + (y % 2) * rowBytes;

  function reduce(y: number): void {
    for (let row = 0; row < down.perCell; row++) {
      const from = (down.places[y * down.perCell + row] as number) * width + firstPixel;
      const to = from + pixels;
      bytes.set(data.subarray(from * channels, to * channels), places.pixels + row * pixelsStride);
      bytes.set(matte.data.subarray(from, to), places.levels + row * levelsStride);
    }
    kernels.reduceRow(
      places.pixels,
      pixelsStride,
      places.levels,
      levelsStride,
      down.perCell,
      channels,
      places.samples,
      perCell,
      meansOf(y),
      places.row,
      cells,
    );
  }

  function estimate(y: number): void {
    nextAround(places.around);
    kernels.estimateRow(meansOf(y), places.around, places.row, cells);
  }

  const common = { cells, rows, row: places.row };
  const nextAround = blurredRows(kernels, {
    ...common,
    radius: far,
    first: Math.max(0, top - near),
    memory: places.far,
    read: reduce,
  });
  const nextFields = blurredRows(kernels, {
    ...common,
    radius: near,
    first: top,
    memory: places.near,
    read: estimate,
  });
  let done = top;

  return {
    pixels: places.pixels,
    levels: places.levels,
    mixed: places.mixed,
    rowsAround(y) {
      const place = placeIn(y, picture.height, rows);
      const upper = Math.floor(place);
      const lower = Math.min(upper + 1, rows - 1);
      for (; done <= lower; done++) {
        nextFields(fieldsOf(done));
        kernels.finishRow(fieldsOf(done), cells);
      }
      return { upper: fieldsOf(upper), lower: fieldsOf(lower), share: place - upper };
    },
  };
}
