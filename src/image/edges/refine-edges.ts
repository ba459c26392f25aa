import type { Picture } from '../decode.js';
import { type Box, boxBetween, intersection, type Size, wholeOf } from '../geometry.js';
import type { Matte } from '../matte.js';
import { blendCells } from './blend-cells.js';
import { findCells } from './find-cells.js';
import { type Grid, gridOver } from './grid.js';
import { type EdgeKernels, edgeKernels, WIDE_REACH } from './kernels.js';
import { type SampledRows, sampledRows } from './sampled-rows.js';
import { findSideColours } from './side-colours.js';
import { CELL_BYTES, type CoarserLevel, LINES_HELD, layOutWorkspace, type Workspace } from './workspace.js';

/**
 * Cells along the longer side, at most, and pixels of a cell, at least. Of 512 cells and 2 pixels the alphas are no better
 * (docs/edges.md), and the work is twice as much.
 */
const LONGEST_SIDE = 320;
const LEAST_STEP = 3;
/** Cells around the box that are looked at as well: the background has to be seen. */
const MARGIN = 32;

/**
 * Works out the alphas of edges anew, at the size of the picture, in place. Around every soft place of the matte the colours
 * of what is surely subject and surely background tell how much of each is in a pixel; how far that counts is for how
 * well the two can be told apart there, and how well it agrees with the matte. What is 0 or 255 stays so.
 * `box`: where the subject is, in pixels of the picture.
 */
export function refineEdges(picture: Picture, matte: Matte, box: Box): void {
  const step = stepFor(picture);
  const margin = MARGIN * step;
  const around = boxBetween(
    box.left - margin,
    box.top - margin,
    box.left + box.width + margin,
    box.top + box.height + margin,
  );
  const grid = gridOver(intersection(around, wholeOf(picture)), step, picture);
  const kernels = edgeKernels();
  const masked = layOutWorkspace(kernels, picture, grid, 0);
  const nearCells = findCells(kernels, grid, masked, sampledRows(kernels, picture, matte, grid, masked));
  if (nearCells === 0) return;
  const workspace = layOutWorkspace(kernels, picture, grid, nearCells);
  const sampled = sampledRows(kernels, picture, matte, grid, workspace);
  findSideColours(kernels, grid, workspace, sampled);
  followLines(kernels, picture, matte, grid, workspace, sampled);
}

/** Peak bytes of it. They stay with the thread, for its next picture. */
export function refiningMemory(picture: Size): number {
  const step = stepFor(picture);
  const cells = Math.ceil(picture.width / step) * Math.ceil(picture.height / step);
  return Math.ceil(cells * CELL_BYTES);
}

function stepFor({ width, height }: Size): number {
  return Math.max(LEAST_STEP, Math.ceil(Math.max(width, height) / LONGEST_SIDE));
}

/**
 * Goes down the rows of cells: finds their lines, and holds them against the matte; weighs those of which all around is
 * compared; and blends the row above these.
 */
function followLines(
  kernels: EdgeKernels,
  picture: Picture,
  matte: Matte,
  grid: Grid,
  workspace: Workspace,
  sampled: SampledRows,
): void {
  const { columns, rows } = grid;
  const { masks, index, moments, coarser, lines, lineRowBytes, compared, sums, columnSums } = workspace;
  const { around } = coarser[0] as CoarserLevel;
  const knownOf = (row: number) => masks.known + row * masks.stride;
  const lineRow = (row: number) => lines + (row % LINES_HELD) * lineRowBytes;

  for (let row = 0; row < rows + WIDE_REACH + 1; row++) {
    if (row < rows) {
      const known = knownOf(row);
      if (kernels.nextSet(known, 0, columns) < columns) {
        kernels.sumRow(moments, index, columns, rows, row, known, columnSums, around, sums);
        kernels.separateRow(sums, known, columns, lineRow(row));
        sampled.pixels(row);
      }
      kernels.compareRow(lineRow(row), known, row, compared);
    }
    const weighed = row - WIDE_REACH;
    if (weighed >= 0 && weighed < rows)
      kernels.weighRow(lineRow(weighed), knownOf(weighed), weighed, rows, compared, columnSums);
    const blended = weighed - 1;
    if (blended >= 0) blendCells(kernels, picture, matte, grid, workspace, blended, lineRow);
  }
}
