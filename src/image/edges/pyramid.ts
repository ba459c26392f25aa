/** Values of cells, interleaved. */
export interface Cells {
  readonly columns: number;
  readonly rows: number;
  readonly values: Float32Array;
}

/** Cells of twice the side: the sums of four. */
export function coarser({ columns, rows, values }: Cells, size: number): Cells {
  const across = Math.ceil(columns / 2);
  const down = Math.ceil(rows / 2);
  const sums = new Float32Array(across * down * size);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const from = (y * columns + x) * size;
      const to = ((y >> 1) * across + (x >> 1)) * size;
      for (let value = 0; value < size; value++)
        sums[to + value] = (sums[to + value] as number) + (values[from + value] as number);
    }
  }
  return { columns: across, rows: down, values: sums };
}

/** The cells of twice the side that are needed to know the wanted ones between the middles of theirs. */
export function coarserMask(isWanted: Uint8Array, columns: number, rows: number): Uint8Array {
  const across = Math.ceil(columns / 2);
  const down = Math.ceil(rows / 2);
  const mask = new Uint8Array(across * down);
  for (let y = 0, cell = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, cell++) {
      if (isWanted[cell] === 0) continue;
      const left = Math.max(0, (x - 1) >> 1);
      const right = Math.min(across, ((x - 1) >> 1) + 2);
      const bottom = Math.min(down - 1, ((y - 1) >> 1) + 1);
      for (let row = Math.max(0, (y - 1) >> 1); row <= bottom; row++)
        mask.fill(1, row * across + left, row * across + right);
    }
  }
  return mask;
}

/** 1 for the cells that are at most `reach` from one of the mask, along both sides. */
export function dilated(mask: Uint8Array, columns: number, rows: number, reach: number): Uint8Array {
  const wider = new Uint8Array(mask.length);
  for (let y = 0, cell = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, cell++) {
      if (mask[cell] === 0) continue;
      const left = Math.max(0, x - reach);
      const right = Math.min(columns, x + reach + 1);
      const bottom = Math.min(rows - 1, y + reach);
      // What the cell to the left did need not be done again.
      const from = x > 0 && mask[cell - 1] === 1 ? right - 1 : left;
      for (let row = Math.max(0, y - reach); row <= bottom; row++)
        wider.fill(1, row * columns + from, row * columns + right);
    }
  }
  return wider;
}

/**
 * Visits the wanted cells, in order, with the sums over 2 reach + 1 cells each way around them; beyond the border there is
 * nothing. `sums` are good until the next.
 */
export function visitWindows(
  { columns, rows, values }: Cells,
  size: number,
  reach: number,
  isWanted: Uint8Array,
  visit: (sums: Float32Array, x: number, y: number) => void,
): void {
  const stride = columns * size;
  const sums = new Float32Array(size);
  const line = new Float32Array(stride);
  for (let y = 0; y < rows; y++) {
    const row = y * columns;
    const top = Math.max(0, y - reach) * stride;
    const bottom = Math.min(rows - 1, y + reach) * stride;
    // Where the sums of columns are done up to.
    let done = 0;
    for (let x = 0; x < columns; x++) {
      if (isWanted[row + x] === 0) continue;
      const left = Math.max(0, x - reach) * size;
      const right = Math.min(columns, x + reach + 1) * size;
      for (let at = Math.max(done, left); at < right; at++) {
        let sum = 0;
        for (let from = top + at; from <= bottom + at; from += stride) sum += values[from] as number;
        line[at] = sum;
      }
      done = right;
      for (let value = 0; value < size; value++) {
        let sum = 0;
        for (let at = left + value; at < right; at += size) sum += line[at] as number;
        sums[value] = sum;
      }
      visit(sums, x, y);
    }
  }
}
