import { type WasmModule, wasmModule } from '../../wasm.js';

/** What assembly/png-rows.ts exports; its comments say what each does. All numbers are whole and not negative. */
interface PngKernels extends WasmModule {
  filterRow(row: number, above: number, filtered: number, from: number, to: number): void;
  adler(sum: number, start: number, bytes: number): number;
  findSpans(row: number, width: number, from: number, to: number, spans: number): number;
  countSymbols(row: number, spans: number, spansEnd: number, counts: number, lengthCounts: number): void;
  begin(): void;
  writeTo(start: number): void;
  written(): number;
  bits(value: number, count: number): void;
  align(): void;
  writeRows(
    block: number,
    rowBytes: number,
    width: number,
    rows: number,
    filter: number,
    spans: number,
    codes: number,
    matches: number,
  ): void;
}

export function pngKernels(): PngKernels {
  return wasmModule('png-rows');
}
