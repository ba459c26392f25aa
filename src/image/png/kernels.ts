import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** What assembly/png-rows.ts exports; its comments say what each does. All numbers are whole and not negative. */
export interface PngKernels {
  readonly memory: WebAssembly.Memory;
  filterRow(row: number, above: number, filtered: number, from: number, to: number): void;
  adler(sum: number, start: number, bytes: number): number;
  findSpans(row: number, width: number, spans: number): number;
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

/** Behind what the compiler may have put at the beginning. */
const FIRST_FREE = 1_024;
const PAGE_BYTES = 65_536;
const VECTOR_BYTES = 16;

/** Code that was compiled, also where the code around it runs from source. */
const FILE = createRequire(import.meta.url).resolve('#png-rows');

let kernels: PngKernels | undefined;

/** One instance a thread: a picture is written without a pause, and its memory serves the next one. */
export function pngKernels(): PngKernels {
  kernels ??= new WebAssembly.Instance(new WebAssembly.Module(readFileSync(FILE)), {})
    .exports as unknown as PngKernels;
  return kernels;
}

/** Where pieces of these many bytes lie in the memory, which is made as large as they need. Each is aligned to a vector. */
export function layOutMemory<Names extends string>(
  { memory }: PngKernels,
  sizes: Readonly<Record<Names, number>>,
): Record<Names, number> {
  let end = FIRST_FREE;
  const places = {} as Record<Names, number>;
  for (const name of Object.keys(sizes) as Names[]) {
    places[name] = end;
    end += roundUp(sizes[name], VECTOR_BYTES);
  }
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  return places;
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
