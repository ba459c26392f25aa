import { type WasmModule, wasmModule } from '../../wasm.js';

/** What assembly/foreground.ts exports; its comments say what each does. Addresses and counts are whole, not negative. */
export interface ForegroundKernels extends WasmModule {
  reduceRow(
    pixels: number,
    pixelsStride: number,
    levels: number,
    levelsStride: number,
    rows: number,
    channels: number,
    places: number,
    perCell: number,
    means: number,
    sides: number,
    cells: number,
  ): void;
  estimateRow(means: number, around: number, sides: number, cells: number): void;
  finishRow(sides: number, cells: number): void;
  blurRow(from: number, to: number, cells: number, radius: number): void;
  enterSums(row: number, sums: number, cells: number, times: number): void;
  slideSums(
    entering: number,
    leaving: number,
    sums: number,
    means: number,
    cells: number,
    count: number,
  ): void;
  nextSoft(at: number, end: number): number;
  endOfRun(at: number, end: number): number;
  mixRows(upper: number, lower: number, share: number, row: number, cells: number): void;
  correct(
    pixels: number,
    levels: number,
    count: number,
    channels: number,
    row: number,
    cells: number,
    first: number,
    step: number,
  ): void;
}

/** Bytes of what assembly/foreground/ keeps of a cell: its two sides, its mean, and the sums of a column. */
export const SIDES_BYTES = 32;
export const MEAN_BYTES = 32;
export const SUMS_BYTES = 64;

export function foregroundKernels(): ForegroundKernels {
  return wasmModule('foreground');
}
