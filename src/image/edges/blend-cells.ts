import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import type { Grid } from './grid.js';
import type { EdgeKernels } from './kernels.js';
import type { Workspace } from './workspace.js';

/** Pixels between two runs of changed cells: to copy fewer than these costs less than to begin anew. */
const GAP = 256;

/** Moves the soft pixels of the changed cells of a row to what the lines say. `lineRow` says where a row of lines is. */
export function blendCells(
  kernels: EdgeKernels,
  { data, channels, width }: Picture,
  matte: Matte,
  grid: Grid,
  workspace: Workspace,
  row: number,
  lineRow: (row: number) => number,
): void {
  const { columns, rows, step, box } = grid;
  const { masks, pixels, levels, mixed } = workspace;
  const changed = masks.changed + row * masks.stride;
  const runs = runsOf(kernels, changed, columns, Math.ceil(GAP / step));
  if (runs.length === 0) return;
  const bytes = new Uint8Array(kernels.memory.buffer);
  const firstY = box.top + row * step;
  for (let y = firstY; y < Math.min(firstY + step, box.top + box.height); y++) {
    const place = (y - box.top + 0.5) / step - 0.5;
    const upper = Math.floor(place);
    const above = lineRow(Math.max(upper, 0));
    const below = lineRow(Math.min(upper + 1, rows - 1));
    for (const { from, to } of runs) {
      const first = y * width + box.left + from * step;
      const count = Math.min(to * step, box.width) - from * step;
      const run = matte.data.subarray(first, first + count);
      bytes.set(run, levels);
      bytes.set(data.subarray(first * channels, (first + count) * channels), pixels);
      kernels.mixLines(above, below, place - upper, Math.max(0, from - 1), Math.min(columns, to + 1), mixed);
      kernels.blendRun(pixels, levels, count, changed, from, to, step, mixed);
      run.set(bytes.subarray(levels, levels + count));
    }
  }
}

interface Run {
  readonly from: number;
  readonly to: number;
}

/** The runs of cells that are set, those with no more than `gap` others between them as one. */
function runsOf(kernels: EdgeKernels, mask: number, columns: number, gap: number): Run[] {
  const runs: Run[] = [];
  for (let from = kernels.nextSet(mask, 0, columns); from < columns; ) {
    let to = kernels.nextClear(mask, from, columns);
    let next = kernels.nextSet(mask, to, columns);
    while (next < columns && next - to <= gap) {
      to = kernels.nextClear(mask, next, columns);
      next = kernels.nextSet(mask, to, columns);
    }
    runs.push({ from, to });
    from = next;
  }
  return runs;
}
