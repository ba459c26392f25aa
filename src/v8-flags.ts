import { setFlagsFromString } from 'node:v8';

/**
 * What V8 assumes of programs does not hold for this one, in which pictures are most of the memory, and are worked on by
 * native code and WebAssembly. Measured on photographs of 12 megapixels (docs/performance.md): of the processor's time
 * beside inference, about a sixth went into collecting garbage, and as much again into compiling the same functions anew.
 */
export function tuneV8(): void {
  // Memory outside of V8 counts as growth of its heap, which is small: each picture was a reason to go through the whole
  // heap, twice. So it may grow to three times what was in use; 64 MiB of such memory are a reason all the same.
  setFlagsFromString('--heap-growing-percent=200');
  // Compiled code and the shapes of objects that nobody uses between two pictures go with the garbage. Until a function
  // has run for ten times as long as V8 would wait, that costs more than it saves. Node 24 waits by itself, and does
  // not know the flag.
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=1320000');
}
