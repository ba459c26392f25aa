import type { Grid } from './grid.js';
import type { EdgeKernels } from './kernels.js';
import { MOMENTS_BYTES } from './kernels.js';
import type { SampledRows } from './sampled-rows.js';
import type { CoarserLevel, Workspace } from './workspace.js';

/** Works out what both sides look like: in the near cells, and around the wanted ones of every coarser level. */
export function findSideColours(
  kernels: EdgeKernels,
  grid: Grid,
  workspace: Workspace,
  sampled: SampledRows,
): void {
  addMoments(kernels, grid, workspace, sampled);
  const { masks, coarser, columnSums } = workspace;
  const finest = coarser[0] as CoarserLevel;
  kernels.coarserMask(masks.known, masks.stride, grid.columns, grid.rows, finest.wanted);
  for (let at = 1; at < coarser.length; at++) {
    const [finer, level] = [coarser[at - 1], coarser[at]] as [CoarserLevel, CoarserLevel];
    kernels.addCoarser(finer.moments, finer.columns, finer.rows, level.moments);
    kernels.coarserMask(finer.wanted, finer.columns, finer.columns, finer.rows, level.wanted);
  }
  let wider = 0;
  for (const { columns, rows, moments, around, wanted } of coarser.toReversed()) {
    for (let y = 0; y < rows; y++) {
      const row = y * columns;
      const to = around + row * MOMENTS_BYTES;
      kernels.sumRow(moments, 0, columns, rows, y, wanted + row, columnSums, wider, to);
    }
    wider = around;
  }
}

/** The moments of the near cells, and of all cells of the level above. */
function addMoments(
  kernels: EdgeKernels,
  { columns, rows }: Grid,
  { masks, index, moments, coarser }: Workspace,
  sampled: SampledRows,
): void {
  const finest = coarser[0] as CoarserLevel;
  const last = coarser.at(-1) as CoarserLevel;
  const end = last.moments + last.columns * last.rows * MOMENTS_BYTES;
  new Uint8Array(kernels.memory.buffer).fill(0, finest.moments, end);
  let next = moments;
  for (let row = 0; row < rows; row++) {
    const near = masks.near + row * masks.stride;
    if (kernels.nextSet(near, 0, columns) < columns) sampled.pixels(row);
    else sampled.middle(row);
    const parents = finest.moments + (row >> 1) * finest.columns * MOMENTS_BYTES;
    next = kernels.momentsRow(near, index + row * columns * 4, next, parents);
  }
}
