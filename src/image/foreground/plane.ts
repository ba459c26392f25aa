/** One value for each cell of a grid; rows from the top. */
export type Plane = Float32Array<ArrayBuffer>;

/**
 * The mean over a square of 2 radius + 1 cells around each, in place, by running sums: the time does not depend on
 * the radius. Beyond the border the cells at the border go on.
 */
export function boxBlur(plane: Plane, width: number, height: number, radius: number): Plane {
  if (radius === 0) return plane;
  blurRows(plane, width, height, radius);
  blurColumns(plane, width, height, radius);
  return plane;
}

function blurRows(plane: Plane, width: number, height: number, radius: number): void {
  const line = new Float32Array(width + 2 * radius);
  const share = 1 / (2 * radius + 1);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    line.fill(plane[start] as number, 0, radius);
    line.set(plane.subarray(start, start + width), radius);
    line.fill(plane[start + width - 1] as number, radius + width);
    let sum = 0;
    for (let at = 0; at < 2 * radius; at++) sum += line[at] as number;
    for (let x = 0; x < width; x++) {
      sum += line[x + 2 * radius] as number;
      plane[start + x] = sum * share;
      sum -= line[x] as number;
    }
  }
}

/** All columns at once, a row at a time: memory is read in the order in which it lies. */
function blurColumns(plane: Plane, width: number, height: number, radius: number): void {
  const share = 1 / (2 * radius + 1);
  const sums = new Float64Array(width);
  // Rows that are overwritten, but still have to leave the sums.
  const kept = new Float32Array(width * (radius + 1));
  const last = (height - 1) * width;
  const first = plane.slice(0, width);
  for (let offset = -radius; offset < radius; offset++) {
    const row = Math.min(Math.max(offset, 0) * width, last);
    for (let x = 0; x < width; x++) sums[x] = (sums[x] as number) + (plane[row + x] as number);
  }
  for (let y = 0; y < height; y++) {
    const entering = Math.min((y + radius) * width, last);
    const row = y * width;
    const slot = (y % (radius + 1)) * width;
    const isFirst = y < radius;
    const leaving = isFirst ? first : kept;
    const from = isFirst ? 0 : ((y - radius) % (radius + 1)) * width;
    kept.set(plane.subarray(row, row + width), slot);
    for (let x = 0; x < width; x++) {
      const sum = (sums[x] as number) + (plane[entering + x] as number);
      plane[row + x] = sum * share;
      sums[x] = sum - (leaving[from + x] as number);
    }
  }
}
