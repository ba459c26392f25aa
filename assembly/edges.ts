// The loops of refining edges, as WebAssembly with SIMD: one module, in files by stage. src/image/edges/ lays out the memory
// and calls them; docs/edges.md says what is worked out. All pointers are in bytes.

export { blendRun, mixLines } from './edges/blend';
export { separateRow } from './edges/lines';
export { coarserMask, countSet, dilate, edgeRow, nextClear, nextSet } from './edges/masks';
export { addCoarser, momentsRow } from './edges/moments';
export { setSamples } from './edges/samples';
export { compareRow, weighRow } from './edges/trust';
export { sumRow } from './edges/windows';
