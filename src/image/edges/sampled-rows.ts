import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import type { Grid } from './grid.js';
import type { EdgeKernels } from './kernels.js';
import type { Workspace } from './workspace.js';

/** Brings the rows that samples of a row of cells are in to where the module looks at them. */
export interface SampledRows {
  levels(row: number): void;
  /** Those of the picture and of the matte. */
  pixels(row: number): void;
  /** Only the middle one of them. */
  middle(row: number): void;
}

export function sampledRows(
  kernels: EdgeKernels,
  { data, width, channels }: Picture,
  matte: Matte,
  { columns, across, down }: Grid,
  workspace: Workspace,
): SampledRows {
  const { places, pixels, pixelsStride, levels, levelsStride } = workspace;
  const bytes = new Uint8Array(kernels.memory.buffer);
  const { perCell } = down;
  const firstPixel = across.places[0] as number;
  const count = (across.places.at(-1) as number) + 1 - firstPixel;
  const offsets = across.places.map((place) => place - firstPixel);
  new Int32Array(bytes.buffer, places, offsets.length).set(offsets);
  kernels.setSamples(columns, perCell, places, channels, pixels, pixelsStride, levels, levelsStride);

  function bring(row: number, sample: number, withPixels: boolean): void {
    const from = (down.places[row * perCell + sample] as number) * width + firstPixel;
    bytes.set(matte.data.subarray(from, from + count), levels + sample * levelsStride);
    if (!withPixels) return;
    const colours = data.subarray(from * channels, (from + count) * channels);
    bytes.set(colours, pixels + sample * pixelsStride);
  }

  return {
    levels(row) {
      for (let sample = 0; sample < perCell; sample++) bring(row, sample, false);
    },
    pixels(row) {
      for (let sample = 0; sample < perCell; sample++) bring(row, sample, true);
    },
    middle(row) {
      bring(row, perCell >> 1, true);
    },
  };
}
