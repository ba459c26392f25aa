import { layOutMemory, roundUp, type WasmModule, wasmModule } from '../wasm.js';
import type { Raster } from './resample.js';

/** What assembly/levels.ts exports; its comments say what each does. All numbers are whole and not negative. */
interface LevelKernels extends WasmModule {
  addRows(rows: number, count: number, width: number, columns: number): void;
  meanCells(columns: number, rows: number, width: number, across: number, means: number): void;
  findRuns(row: number, width: number, least: number, place: number, runs: number): number;
}

/** Room behind rows for the rest of a vector. */
const MARGIN = 16;
/** Rows are looked at as many at a time as fit in here, or one. */
const STRIP_BYTES = 32_768;

/** Mean levels of a square in `across` x `across` cells, row by row; a cell is at least a pixel. */
export function meansOfCells(data: Uint8Array, side: number, across: number): Float64Array {
  const kernels = wasmModule<LevelKernels>('levels');
  const startOf = (cell: number) => Math.ceil((cell * side) / across);
  const most = Math.ceil(side / across);
  const at = layOutMemory(kernels, {
    rows: most * side + MARGIN,
    columns: roundUp(side, MARGIN) * 4,
    means: across * 8,
  });
  const { buffer } = kernels.memory;
  const rows = new Uint8Array(buffer, at.rows);
  const columns = new Uint32Array(buffer, at.columns, side);
  const means = new Float64Array(buffer, at.means, across);
  const cells = new Float64Array(across * across);
  for (let row = 0; row < across; row++) {
    const from = startOf(row);
    const to = startOf(row + 1);
    rows.set(data.subarray(from * side, to * side));
    columns.fill(0);
    kernels.addRows(at.rows, to - from, side, at.columns);
    kernels.meanCells(at.columns, to - from, side, across, at.means);
    cells.set(means, row * across);
  }
  return cells;
}

/**
 * Where in each row levels of at least `least` begin and where they end, from the top: places (row x width + column), [from, to,
 * from, to, ...].
 */
export function findRuns({ data, width, height }: Raster, least: number): Uint32Array {
  const kernels = wasmModule<LevelKernels>('levels');
  const stripRows = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / width)));
  const at = layOutMemory(kernels, {
    rows: stripRows * width + MARGIN,
    // No row has more of them than it has pixels, and one.
    runs: stripRows * (width + 1) * 4,
  });
  const { buffer } = kernels.memory;
  const rows = new Uint8Array(buffer, at.rows);
  const parts: Uint32Array[] = [];
  for (let y = 0; y < height; y += stripRows) {
    const count = Math.min(stripRows, height - y);
    rows.set(data.subarray(y * width, (y + count) * width));
    let end = at.runs;
    for (let row = 0; row < count; row++)
      end = kernels.findRuns(at.rows + row * width, width, Math.ceil(least), (y + row) * width, end);
    parts.push(new Uint32Array(buffer, at.runs, (end - at.runs) / 4).slice());
  }
  return joined(parts);
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
