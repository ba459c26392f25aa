/** One channel of 16 bits, rows from the top. */
export interface Plane {
  readonly data: Uint16Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** Box blurs that follow each other; three are within 3 % of a Gaussian (W3C Filter Effects, feGaussianBlur). */
const PASSES = 3;

/**
 * Radii of the box blurs that together spread as much as a Gaussian of that standard deviation. (A box of width w has
 * the variance (w^2 - 1) / 12; widths are odd, so the first boxes may be narrower than the last.)
 */
function boxRadii(deviation: number): number[] {
  const exact = Math.sqrt((12 * deviation ** 2) / PASSES + 1);
  const narrow = 2 * Math.floor((exact - 1) / 2) + 1;
  const wide = narrow + 2;
  const missing = 12 * deviation ** 2 - PASSES * (narrow ** 2 - 1);
  const wideOnes = Math.round(missing / (wide ** 2 - narrow ** 2));
  return Array.from({ length: PASSES }, (_, pass) => (pass < PASSES - wideOnes ? narrow : wide) / 2 - 0.5);
}

/** How far the blur carries anything, in pixels. */
export function blurReach(deviation: number): number {
  return boxRadii(deviation).reduce((sum, radius) => sum + radius, 0);
}

/** Blurs a plane, in place, in the same time whatever the deviation (in pixels). All around it is 0. */
export function blur(plane: Plane, deviation: number): void {
  let from = plane.data;
  let to = new Uint16Array(from.length);
  for (const radius of boxRadii(deviation)) {
    if (radius === 0) continue;
    blurRows({ ...plane, data: from }, radius);
    blurColumns({ ...plane, data: from }, radius, to);
    [from, to] = [to, from];
  }
  if (from !== plane.data) plane.data.set(from);
}

function blurRows({ data, width, height }: Plane, radius: number): void {
  const row = new Uint16Array(width);
  for (let start = 0; start < width * height; start += width) {
    row.set(data.subarray(start, start + width));
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x++) sum += row[x] as number;
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += row[x + radius] as number;
      data[start + x] = mean(sum, radius);
      if (x >= radius) sum -= row[x - radius] as number;
    }
  }
}

function blurColumns({ data, width, height }: Plane, radius: number, to: Uint16Array): void {
  const sums = new Uint32Array(width);
  for (let y = 0; y < Math.min(radius, height); y++) add(sums, data, y * width);
  for (let y = 0; y < height; y++) {
    if (y + radius < height) add(sums, data, (y + radius) * width);
    for (let x = 0; x < width; x++) to[y * width + x] = mean(sums[x] as number, radius);
    if (y >= radius) subtract(sums, data, (y - radius) * width);
  }
}

function add(sums: Uint32Array, data: Uint16Array, start: number): void {
  for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] as number) + (data[start + x] as number);
}

function subtract(sums: Uint32Array, data: Uint16Array, start: number): void {
  for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] as number) - (data[start + x] as number);
}

function mean(sum: number, radius: number): number {
  return (sum / (2 * radius + 1) + 0.5) | 0;
}
