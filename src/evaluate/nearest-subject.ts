/**
 * For each pixel the place (row x width + column) of the nearest one that is set; of several at the same distance the
 * one in the leftmost column. Exact, in two passes: Felzenszwalb and Huttenlocher, "Distance Transforms of
 * Sampled Functions" (2012). At least one pixel must be set.
 */
export function nearestSet(isSet: (at: number) => boolean, width: number, height: number): Int32Array {
  const rows = nearestInColumns(isSet, width, height);
  const nearest = new Int32Array(width * height);
  // The lower envelope of one parabola for each column: where it stands, how high, and from where on it is the lowest.
  const columns = new Int32Array(width);
  const heights = new Float64Array(width);
  const from = new Float64Array(width + 1);
  for (let y = 0; y < height; y++) {
    let last = -1;
    for (let x = 0; x < width; x++) {
      const row = rows[y * width + x] as number;
      if (row < 0) continue;
      const low = (row - y) ** 2;
      let start = Number.NEGATIVE_INFINITY;
      while (last >= 0) {
        const other = columns[last] as number;
        start = (low + x * x - ((heights[last] as number) + other * other)) / (2 * (x - other));
        if (start > (from[last] as number)) break;
        last -= 1;
      }
      last += 1;
      columns[last] = x;
      heights[last] = low;
      from[last] = last === 0 ? Number.NEGATIVE_INFINITY : start;
    }
    from[last + 1] = Number.POSITIVE_INFINITY;
    for (let x = 0, parabola = 0; x < width; x++) {
      while ((from[parabola + 1] as number) < x) parabola += 1;
      const column = columns[parabola] as number;
      nearest[y * width + x] = (rows[y * width + column] as number) * width + column;
    }
  }
  return nearest;
}

/** For each pixel the row of the nearest set pixel in its column, the upper one of two; -1 where the column has none. */
function nearestInColumns(isSet: (at: number) => boolean, width: number, height: number): Int32Array {
  const rows = new Int32Array(width * height).fill(-1);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (isSet(at)) rows[at] = y;
      else if (y > 0) rows[at] = rows[at - width] as number;
    }
  }
  for (let y = height - 2, at = (height - 1) * width - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--, at--) {
      const above = rows[at] as number;
      const below = rows[at + width] as number;
      // `below` may be above too, and is then the same row.
      if (below > y && (above < 0 || below - y < y - above)) rows[at] = below;
    }
  }
  return rows;
}
