import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import { type ColourFields, colourFields } from './colour-fields.js';
import { type ColourGrid, colourGrid, placeIn } from './colour-grid.js';
import { type ForegroundKernels, foregroundKernels, SIDES_BYTES } from './kernels.js';
import { softSpans } from './soft-spans.js';

/**
 * Takes the background out of the colours of pixels that are partly subject, in place: with them a cut-out has no
 * fringe on any other background. Wholly opaque pixels keep their colours exactly, wholly transparent ones are never
 * seen. The colour F of a pixel I with alpha a is the subject's around it, corrected by what that and the background's
 * leave unexplained: F' + a (I - a F' - (1 - a) B') (Forte and Pitié 2021, equation 4).
 */
export function decontaminate(picture: Picture, matte: Matte): void {
  const soft = softSpans(matte);
  if (soft === undefined) return;
  const kernels = foregroundKernels();
  const grid = colourGrid(picture, soft.box);
  const fields = colourFields(kernels, picture, matte, grid);
  const { top, height } = soft.box;
  for (let y = top; y < top + height; y++) {
    const from = soft.spans[2 * y] as number;
    const to = soft.spans[2 * y + 1] as number;
    if (from < to) correctRow(kernels, picture, matte, grid, fields, y, from, to);
  }
}

/** Corrects a row run by run: what is certain in between is many bytes, and stays where it is. */
function correctRow(
  kernels: ForegroundKernels,
  { data, width, channels }: Picture,
  matte: Matte,
  grid: ColourGrid,
  fields: ColourFields,
  y: number,
  from: number,
  to: number,
): void {
  const { pixels, levels, mixed } = fields;
  const { upper, lower, share } = fields.rowsAround(y);
  const bytes = new Uint8Array(kernels.memory.buffer);
  const row = y * width;
  bytes.set(matte.data.subarray(row + from, row + to), levels);
  const end = levels + to - from;
  const step = grid.width / width;
  for (let at = levels; at < end; ) {
    const behind = kernels.endOfRun(at, end);
    const first = from + at - levels;
    const count = behind - at;
    const firstCell = Math.floor(placeIn(first, width, grid.width));
    const lastCell = Math.min(Math.floor(placeIn(first + count - 1, width, grid.width)) + 1, grid.width - 1);
    const cells = lastCell + 1 - firstCell;
    const offset = (firstCell - grid.left) * SIDES_BYTES;
    kernels.mixRows(upper + offset, lower + offset, share, mixed, cells);
    const run = data.subarray((row + first) * channels, (row + first + count) * channels);
    bytes.set(run, pixels);
    kernels.correct(pixels, at, count, channels, mixed, cells, (first + 0.5) * step - 0.5 - firstCell, step);
    run.set(bytes.subarray(pixels, pixels + run.length));
    at = kernels.nextSoft(behind, end);
  }
}
