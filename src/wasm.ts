import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * The innermost loops, written in AssemblyScript (the folder assembly/) and compiled to WebAssembly with SIMD by the build.
 * Each file there is a module with a memory of its own, of which every thread has one instance.
 */

export interface WasmModule {
  readonly memory: WebAssembly.Memory;
}

/** Behind what the compiler may have put at the beginning. */
const FIRST_FREE = 1_024;
const PAGE_BYTES = 65_536;
const VECTOR_BYTES = 16;

/** Compiled by the build, also where the code around it runs from source. */
const resolve = createRequire(import.meta.url).resolve;
const instances = new Map<string, WasmModule>();

/** What assembly/NAME.ts exports, as this thread's instance of it. */
export function wasmModule<Exports extends WasmModule>(name: string): Exports {
  const known = instances.get(name);
  if (known !== undefined) return known as Exports;
  const module = new WebAssembly.Module(readFileSync(resolve(`#wasm/${name}`)));
  const instance = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
  instances.set(name, instance);
  return instance;
}

/** Where pieces of these many bytes lie in the memory, which is made as large as they need. Each is aligned to a vector. */
export function layOutMemory<Names extends string>(
  { memory }: WasmModule,
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
