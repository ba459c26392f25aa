// The loops of taking the background out of colours, as WebAssembly with SIMD: one module, in files by stage.
// src/image/foreground/ lays out the memory and calls them. All pointers are in bytes; the places of vectors are aligned.

export { blurRow, enterSums, slideSums } from './foreground/blur';
export { estimateRow, finishRow, reduceRow } from './foreground/fields';
export { correct, endOfRun, mixRows, nextSoft } from './foreground/recolour';
