import type { Grid } from './grid.js';
import { type EdgeKernels, REACH } from './kernels.js';
import type { SampledRows } from './sampled-rows.js';
import type { Workspace } from './workspace.js';

/** Bytes on each side of the row that is shifted. */
const ZEROS = 16;

/** Fills the masks of a workspace. Gives how many cells are near an edge; 0 where there is none. */
export function findCells(
  kernels: EdgeKernels,
  { columns, rows }: Grid,
  { masks, levelsStride }: Workspace,
  sampled: SampledRows,
): number {
  const { stride, edges, changed, known, near, between } = masks;
  const bytes = new Uint8Array(kernels.memory.buffer);
  bytes.fill(0, edges, edges + rows * stride);
  bytes.fill(0, between - ZEROS, between + stride + ZEROS);
  for (let row = 0; row < rows; row++) {
    sampled.levels(row);
    kernels.edgeRow(edges + row * stride, levelsStride);
  }
  // Between the middles of cells a pixel needs those of the neighbours.
  kernels.dilate(edges, changed, stride, rows, 1, between);
  kernels.dilate(changed, known, stride, rows, 1, between);
  kernels.dilate(known, near, stride, rows, REACH, between);
  let count = 0;
  for (let row = 0; row < rows; row++) count += kernels.countSet(near + row * stride, columns);
  return count;
}
