import { layOutMemory, type WasmModule, wasmModule } from '../wasm.js';

/** What assembly/matte-values.ts exports; its comments say what each does. */
interface ValueKernels extends WasmModule {
  promote(from: number, count: number, values: number): void;
  begin(): void;
  widen(values: number, count: number): void;
  smallest(): number;
  largest(): number;
  writeLevels(
    values: number,
    count: number,
    low: number,
    scale: number,
    noise: number,
    levels: number,
  ): number;
}

type Values = Float32Array | Float64Array;

/** Values that are in the memory at a time: they stay in the processor's cache. */
const STRIP = 4_096;
/** Room for the rest of a vector, in bytes. */
const MARGIN = 16;

/** Smallest and largest value; NaN for both where any value is NaN. */
export function rangeOf(values: Values): { min: number; max: number } {
  const { kernels, loadStrip } = openStrips();
  kernels.begin();
  for (let from = 0; from < values.length; from += STRIP) {
    const strip = values.subarray(from, from + STRIP);
    kernels.widen(loadStrip(strip), strip.length);
  }
  return { min: kernels.smallest(), max: kernels.largest() };
}

/**
 * (value - low) x scale for each value, as bytes, and their sum. What is less than `noise` levels from either end is taken for
 * that end.
 */
export function levelsOf(
  values: Values,
  { low, scale, noise }: { low: number; scale: number; noise: number },
): { data: Uint8Array<ArrayBuffer>; sum: number } {
  const { kernels, at, loadStrip } = openStrips();
  const levels = new Uint8Array(kernels.memory.buffer, at.levels, STRIP);
  const data = new Uint8Array(values.length);
  let sum = 0;
  for (let from = 0; from < values.length; from += STRIP) {
    const strip = values.subarray(from, from + STRIP);
    sum += kernels.writeLevels(loadStrip(strip), strip.length, low, scale, noise, at.levels) >>> 0;
    data.set(levels.subarray(0, strip.length), from);
  }
  return { data, sum };
}

function openStrips() {
  const kernels = wasmModule<ValueKernels>('matte-values');
  const at = layOutMemory(kernels, {
    singles: STRIP * 4 + MARGIN,
    values: STRIP * 8 + MARGIN,
    levels: STRIP + MARGIN,
  });
  const { buffer } = kernels.memory;
  const singles = new Float32Array(buffer, at.singles, STRIP);
  const doubles = new Float64Array(buffer, at.values, STRIP);
  /** Copies values to where the kernels find them. */
  function loadStrip(strip: Values): number {
    if (strip instanceof Float32Array) {
      singles.set(strip);
      kernels.promote(at.singles, strip.length, at.values);
    } else {
      doubles.set(strip);
    }
    return at.values;
  }
  return { kernels, at, loadStrip };
}
