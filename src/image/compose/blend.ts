import type { Cutout } from '../compose.js';

/** One picture over another of the same size, as browsers do it: in sRGB as it is, alpha straight. */
export function over(upper: Cutout, lower: Cutout): Cutout {
  const { width, height } = upper;
  const upperRow = new Int32Array(width);
  return {
    width,
    height,
    readRow(y, row) {
      const below = lower.readRow(y, row);
      const above = upper.readRow(y, upperRow);
      if (above.from >= above.to) return below;
      if (below.from >= below.to) {
        row.set(upperRow.subarray(above.from, above.to), above.from);
        return above;
      }
      const from = Math.min(below.from, above.from);
      const to = Math.max(below.to, above.to);
      row.fill(0, from, below.from).fill(0, below.to, to);
      for (let x = above.from; x < above.to; x++)
        row[x] = blendPixel(upperRow[x] as number, row[x] as number);
      return { from, to };
    },
  };
}

/** Pixels have red in the lowest byte and alpha in the highest. */
function blendPixel(upper: number, lower: number): number {
  const upperAlpha = upper >>> 24;
  const lowerAlpha = lower >>> 24;
  if (upperAlpha === 255 || lowerAlpha === 0) return upper;
  if (upperAlpha === 0) return lower;
  // Shares of both in the result, where 255 x 255 is all of it.
  const share = upperAlpha * 255;
  const rest = lowerAlpha * (255 - upperAlpha);
  const all = share + rest;
  let pixel = Math.round(all / 255) << 24;
  for (let shift = 0; shift < 24; shift += 8) {
    const sum = ((upper >>> shift) & 255) * share + ((lower >>> shift) & 255) * rest;
    pixel |= ((sum / all + 0.5) | 0) << shift;
  }
  return pixel;
}
