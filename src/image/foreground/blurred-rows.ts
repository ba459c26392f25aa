import { type ForegroundKernels, SIDES_BYTES, SUMS_BYTES } from './kernels.js';

export interface BlurOptions {
  readonly radius: number;
  /** Cells of a row, and rows. */
  readonly cells: number;
  readonly rows: number;
  /** The row that is wanted first. */
  readonly first: number;
  /** Where rows are read to, and where there is room for what blurMemory() says. */
  readonly row: number;
  readonly memory: number;
  /** Puts a row where rows are read to. They are asked for in order, from the first that is needed. */
  readonly read: (y: number) => void;
}

/** Bytes that a blur needs to go on with. */
export function blurMemory(cells: number, rows: number, radius: number): number {
  return cells * (SUMS_BYTES + rowsHeld(rows, radius) * SIDES_BYTES);
}

/**
 * The means over squares of 2 radius + 1 cells, one row after another: each call puts the next where it is told. Beyond the
 * border the cells at the border go on. Only the rows around the next one are kept.
 */
export function blurredRows(kernels: ForegroundKernels, options: BlurOptions): (to: number) => void {
  const { radius, cells, rows, first, row, memory: sums, read } = options;
  const held = rowsHeld(rows, radius);
  const last = rows - 1;
  const placeOf = (y: number) => sums + cells * (SUMS_BYTES + (y % held) * SIDES_BYTES);
  let y = first;

  function enter(entering: number): void {
    read(entering);
    kernels.blurRow(row, placeOf(entering), cells, radius);
  }

  /** All but the last of the rows around the first. */
  function begin(): void {
    new Uint8Array(kernels.memory.buffer, sums, cells * SUMS_BYTES).fill(0);
    const behind = first + radius - 1;
    for (let entering = Math.max(0, first - radius); entering <= Math.min(behind, last); entering++) {
      const above = entering === 0 ? Math.max(0, radius - first) : 0;
      const below = entering === last ? Math.max(0, behind - last) : 0;
      enter(entering);
      kernels.enterSums(placeOf(entering), sums, cells, 1 + above + below);
    }
  }

  return (to) => {
    if (y === first) begin();
    if (y + radius <= last) enter(y + radius);
    const entering = placeOf(Math.min(y + radius, last));
    const leaving = placeOf(Math.max(y - radius, 0));
    kernels.slideSums(entering, leaving, sums, to, cells, 2 * radius + 1);
    y += 1;
  };
}

function rowsHeld(rows: number, radius: number): number {
  return Math.min(rows, 2 * radius + 1);
}
