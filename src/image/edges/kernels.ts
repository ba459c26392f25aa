import { type WasmModule, wasmModule } from '../../wasm.js';

/** What assembly/edges.ts exports; its comments say what each does. Addresses and counts are whole, not negative. */
export interface EdgeKernels extends WasmModule {
  setSamples(
    columns: number,
    perCell: number,
    places: number,
    channels: number,
    pixels: number,
    pixelsStride: number,
    levels: number,
    levelsStride: number,
  ): void;
  edgeRow(mask: number, width: number): void;
  dilate(mask: number, to: number, stride: number, rows: number, reach: number, between: number): void;
  coarserMask(mask: number, stride: number, columns: number, rows: number, to: number): void;
  countSet(row: number, count: number): number;
  nextSet(row: number, at: number, end: number): number;
  nextClear(row: number, at: number, end: number): number;
  momentsRow(near: number, index: number, at: number, coarser: number): number;
  addCoarser(cells: number, columns: number, rows: number, to: number): void;
  sumRow(
    cells: number,
    index: number,
    columns: number,
    rows: number,
    y: number,
    wanted: number,
    line: number,
    wider: number,
    to: number,
  ): void;
  separateRow(sums: number, wanted: number, columns: number, lines: number): void;
  compareRow(lines: number, wanted: number, y: number, compared: number): void;
  weighRow(lines: number, wanted: number, y: number, rows: number, compared: number, line: number): void;
  mixLines(upper: number, lower: number, share: number, from: number, to: number, mixed: number): void;
  blendRun(
    pixels: number,
    levels: number,
    count: number,
    changed: number,
    from: number,
    to: number,
    step: number,
    mixed: number,
  ): void;
}

/** Bytes of what assembly/edges/ keeps of a cell: both sides' moments, a line, and how that compares with the matte. */
export const MOMENTS_BYTES = 80;
export const LINE_BYTES = 20;
export const COMPARED_BYTES = 16;
/** Cells that the widest window of assembly/edges/trust.ts reaches each way. */
export const WIDE_REACH = 8;
/** Those that the moments around a cell come from. */
export const REACH = 2;

export function edgeKernels(): EdgeKernels {
  return wasmModule('edges');
}
