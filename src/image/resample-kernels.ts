import { type WasmModule, wasmModule } from '../wasm.js';

/** What assembly/resample.ts exports; its comments say what each does. All numbers are whole, but for `support`. */
interface ResampleKernels extends WasmModule {
  setTaps(
    from: number,
    to: number,
    support: number,
    size: number,
    padded: number,
    starts: number,
    weights: number,
    exact: number,
  ): void;
  setGroups(
    places: number,
    channels: number,
    taps: number,
    starts: number,
    weights: number,
    groups: number,
  ): void;
  stretchByGroups(
    source: number,
    places: number,
    channels: number,
    size: number,
    taps: number,
    starts: number,
    groups: number,
    target: number,
    flats: number,
  ): void;
  stretchByTaps(
    source: number,
    places: number,
    channels: number,
    size: number,
    padded: number,
    starts: number,
    weights: number,
    target: number,
    flats: number,
  ): void;
  blendRows(
    from: number,
    to: number,
    slots: number,
    slotBytes: number,
    slotCount: number,
    flats: number,
    flatBytes: number,
    size: number,
    padded: number,
    starts: number,
    weights: number,
    rows: number,
    rowFlats: number,
    width: number,
    channels: number,
    target: number,
    extents: number,
  ): void;
}

export function resampleKernels(): ResampleKernels {
  return wasmModule('resample');
}
