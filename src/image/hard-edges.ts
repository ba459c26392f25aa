import { extentOf, type Matte } from './matte.js';

const HALF = 127.5;

/**
 * Makes the edges of a matte one pixel wide, in place. Where the matte passes through a half is where the edge is, to
 * a part of a pixel: a value less a half, over the slope there, is the distance to it in pixels, and a pixel whose
 * middle is that far inside is covered by a half and that distance. Flat parts become all or nothing.
 */
export function hardenEdges(matte: Matte): void {
  const { data, width, height } = matte;
  let above = data.slice(0, width);
  let row = new Uint8Array(width);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    row.set(data.subarray(start, start + width));
    // The last row has itself below it.
    const below = y + 1 < height ? start + width : start;
    const { from, to } = extentOf(matte, y);
    for (let x = from; x < to; x++) {
      const value = row[x] as number;
      if (value === 0 || value === 255) continue;
      const across = steepest(
        value,
        row[Math.max(0, x - 1)] as number,
        row[Math.min(x + 1, width - 1)] as number,
      );
      const down = steepest(value, above[x] as number, data[below + x] as number);
      data[start + x] = coverage(value - HALF, Math.hypot(across, down));
    }
    [above, row] = [row, above];
  }
}

/** The steeper of the slopes to both neighbours: an edge that is narrow already is flat on one side of its pixel. */
function steepest(value: number, before: number, after: number): number {
  return Math.max(Math.abs(value - before), Math.abs(after - value));
}

/** 0..255; `excess` and `slope` in levels, and levels a pixel. */
function coverage(excess: number, slope: number): number {
  if (slope === 0) return excess < 0 ? 0 : 255;
  return Math.round(Math.min(Math.max(0, HALF + (excess / slope) * 255), 255));
}
