/** Where in a row (or column) of a picture samples are taken: `perCell` of the first cell, then of the second, ... */
export interface Samples {
  readonly perCell: number;
  readonly places: Int32Array;
}

/**
 * Samples in even distances in cells of `step` pixels, from the pixel `start` on, of which there are `pixels`: `most` of a
 * cell, or every pixel where it has fewer.
 */
export function samplesOf(
  { start, pixels }: { readonly start: number; readonly pixels: number },
  cells: number,
  step: number,
  most: number,
): Samples {
  const perCell = Math.min(most, Math.ceil(step));
  const places = Int32Array.from({ length: cells * perCell }, (_, sample) =>
    Math.min(pixels - 1, start + Math.floor(((sample + 0.5) / perCell) * step)),
  );
  return { perCell, places };
}
