import type { Picture } from '../decode.js';
import { type Box, boxBetween, intersection, type Size, wholeOf } from '../geometry.js';
import type { Matte } from '../matte.js';
import { edgeCells } from './band.js';
import { blendCells } from './blend-cells.js';
import { colourLines, REACH } from './colour-line.js';
import { gridOver } from './grid.js';
import { dilated } from './pyramid.js';
import { sideMoments } from './side-moments.js';
import { weighLines } from './trust.js';

/**
 * Cells along the longer side, at most, and pixels of a cell, at least. Of 512 cells and 2 pixels the alphas are no better
 * (docs/edges.md), and the work is twice as much.
 */
const LONGEST_SIDE = 320;
const LEAST_STEP = 3;
const CELL_BYTES = 180;
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
  const { columns, rows } = grid;
  const edges = edgeCells(matte, grid);
  // Between the middles of cells a pixel needs those of the neighbours.
  const changed = dilated(edges, columns, rows, 1);
  const known = dilated(changed, columns, rows, 1);
  const values = sideMoments(picture, matte, grid, dilated(known, columns, rows, REACH));
  const lines = colourLines({ columns, rows, values }, known);
  weighLines(picture, matte, grid, lines, known);
  blendCells(picture, matte, grid, lines, changed);
}

/**
 * Peak bytes of it: of each cell 20 moments, a third of them again twice for the coarser levels, the line, four sums
 * and four masks.
 */
export function refiningMemory(picture: Size): number {
  const step = stepFor(picture);
  const cells = Math.ceil(picture.width / step) * Math.ceil(picture.height / step);
  return cells * CELL_BYTES;
}

function stepFor({ width, height }: Size): number {
  return Math.max(LEAST_STEP, Math.ceil(Math.max(width, height) / LONGEST_SIDE));
}
