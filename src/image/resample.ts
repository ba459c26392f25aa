/** Samples in memory: rows from the top, channels interleaved, 8 bits each. */
export interface Raster {
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export interface Resampled {
  readonly data: Uint8Array<ArrayBuffer>;
  /**
   * For each row the first sample that may be above 0, and the one behind the last: [from, to, from, to, ...]. An
   * empty row has from = to.
   */
  readonly extents: Int32Array;
}

/** Pixels of a row that are done at once where they are all of one value, as most of a matte is. */
const BLOCK = 64;
/** In `flats`: the samples of a block differ. */
const MIXED = -1;
/** Weights are whole numbers, 1.0 being 2^14: products of four fit into 31 bits. */
const ONE_BITS = 14;
const HALF = 1 << (ONE_BITS - 1);

/** How a sample between two others is made. */
export interface Kernel {
  /** Samples that it needs on each side. */
  readonly support: number;
  /** Weight of a sample that is `offset` samples away. */
  weight(offset: number): number;
}

/** Catmull-Rom: the cubic with B = 0, C = 1/2 of Mitchell and Netravali, "Reconstruction Filters" (1988). */
const CUBIC: Kernel = {
  support: 2,
  weight(offset) {
    const x = Math.abs(offset);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  },
};

/** A straight line between neighbours: a third of the time of a cubic, and softer. */
export const LINEAR: Kernel = { support: 1, weight: (offset) => Math.max(0, 1 - Math.abs(offset)) };

/**
 * Stretches a raster to a size with a kernel, widened by the factor where it gets smaller, so that nothing is skipped.
 * Pixel centres meet pixel centres: libvips, through sharp, enlarges half a pixel off, and takes seven times as long
 * for a matte of 12 megapixels.
 */
export function resample(
  raster: Raster,
  channels: number,
  width: number,
  height: number,
  kernel: Kernel = CUBIC,
): Resampled {
  // Rows first where there will be fewer of them: less to hold in between, and less to do.
  if (height < raster.height && width !== raster.width) {
    const { data } = resample(raster, channels, raster.width, height, kernel);
    return resample({ data, width: raster.width, height }, channels, width, height, kernel);
  }
  const across = tapsFor(raster.width, width, kernel);
  const down = tapsFor(raster.height, height, kernel);
  const flats = new Int16Array(Math.ceil(width / BLOCK) * raster.height);
  const rows = stretchRows(raster, channels, across, flats);
  return stretchColumns(rows, channels, width, down, flats);
}

/** What each place of the result is made of: `size` samples from `starts[place]` on, weighted. */
interface Taps {
  readonly size: number;
  readonly starts: Int32Array;
  readonly weights: Int32Array;
}

function tapsFor(from: number, to: number, { support, weight }: Kernel): Taps {
  if (from === to) {
    const weights = new Int32Array(to).fill(1 << ONE_BITS);
    return { size: 1, starts: Int32Array.from({ length: to }, (_, place) => place), weights };
  }
  const step = from / to;
  const widening = Math.max(1, step);
  const reach = Math.ceil(2 * support * widening);
  const size = Math.min(from, reach);
  const starts = new Int32Array(to);
  const weights = new Int32Array(to * size);
  for (let place = 0; place < to; place++) {
    const centre = (place + 0.5) * step - 0.5;
    const first = Math.floor(centre - support * widening) + 1;
    const start = Math.min(Math.max(0, first), from - size);
    starts[place] = start;
    const exact = new Float64Array(size);
    // Beyond the border the samples at the border go on.
    for (let at = first; at < first + reach; at++) {
      const index = Math.min(Math.max(at, 0), from - 1) - start;
      exact[index] = (exact[index] as number) + weight((at - centre) / widening);
    }
    setWhole(weights.subarray(place * size, (place + 1) * size), exact);
  }
  return { size, starts, weights };
}

/** Rounds the weights so that they are exactly 1.0 together: what is flat stays flat. */
function setWhole(weights: Int32Array, exact: Float64Array): void {
  const sum = exact.reduce((total, weight) => total + weight, 0);
  let rest = 1 << ONE_BITS;
  let heaviest = 0;
  for (const [index, weight] of exact.entries()) {
    const whole = Math.round((weight / sum) * (1 << ONE_BITS));
    weights[index] = whole;
    rest -= whole;
    if (whole > (weights[heaviest] as number)) heaviest = index;
  }
  weights[heaviest] = (weights[heaviest] as number) + rest;
}

/** Every row of the raster at the new width; `flats` is told the one value of each of their blocks, or MIXED. */
function stretchRows(raster: Raster, channels: number, taps: Taps, flats: Int16Array): Uint8Array {
  const { data, width, height } = raster;
  const places = taps.starts.length;
  const isUnchanged = places === width;
  const rows = isUnchanged ? data : new Uint8Array(places * channels * height);
  for (let y = 0, flatAt = 0; y < height; y++) {
    const source = y * width * channels;
    const target = y * places * channels;
    for (let from = 0; from < places; from += BLOCK) {
      const to = Math.min(places, from + BLOCK);
      const firstSource = taps.starts[from] as number;
      const endSource = (taps.starts[to - 1] as number) + taps.size;
      const flat = flatValue(data, source + firstSource * channels, source + endSource * channels);
      flats[flatAt++] = flat;
      if (isUnchanged) continue;
      if (flat === MIXED) stretchBlock(data, source, rows, target, from, to, channels, taps);
      else rows.fill(flat, target + from * channels, target + to * channels);
    }
  }
  return rows;
}

function stretchBlock(
  data: Uint8Array,
  source: number,
  rows: Uint8Array,
  target: number,
  from: number,
  to: number,
  channels: number,
  { size, starts, weights }: Taps,
): void {
  const end = target + to * channels;
  for (let place = from, out = target + from * channels; out < end; place++) {
    let at = source + (starts[place] as number) * channels;
    if (size === 4) {
      const first = weights[4 * place] as number;
      const second = weights[4 * place + 1] as number;
      const third = weights[4 * place + 2] as number;
      const fourth = weights[4 * place + 3] as number;
      for (const next = out + channels; out < next; out++, at++) {
        const sum =
          Math.imul(first, data[at] as number) +
          Math.imul(second, data[at + channels] as number) +
          Math.imul(third, data[at + 2 * channels] as number) +
          Math.imul(fourth, data[at + 3 * channels] as number);
        rows[out] = toByte((sum + HALF) | 0);
      }
      continue;
    }
    if (size === 2) {
      const left = weights[2 * place] as number;
      const right = weights[2 * place + 1] as number;
      for (const next = out + channels; out < next; out++, at++) {
        const sum =
          Math.imul(left, data[at] as number) + Math.imul(right, data[at + channels] as number) + HALF;
        rows[out] = sum >> ONE_BITS;
      }
      continue;
    }
    for (const next = out + channels; out < next; out++, at++) {
      let sum = HALF;
      for (let tap = 0; tap < size; tap++) {
        sum += Math.imul(weights[place * size + tap] as number, data[at + tap * channels] as number);
      }
      rows[out] = toByte(sum);
    }
  }
}

/** From rows of the new width to the new height. */
function stretchColumns(
  rows: Uint8Array,
  channels: number,
  width: number,
  taps: Taps,
  flats: Int16Array,
): Resampled {
  const height = taps.starts.length;
  const blocks = Math.ceil(width / BLOCK);
  const stride = width * channels;
  const data = new Uint8Array(stride * height);
  const extents = new Int32Array(height * 2);
  for (let y = 0; y < height; y++) {
    const first = taps.starts[y] as number;
    const target = y * stride;
    let visibleFrom = width;
    let visibleTo = 0;
    for (let block = 0; block < blocks; block++) {
      const from = block * BLOCK;
      const to = Math.min(width, from + BLOCK);
      const flat = sharedFlat(flats, first * blocks + block, blocks, taps.size);
      if (flat === 0) continue;
      visibleFrom = Math.min(visibleFrom, from);
      visibleTo = to;
      if (flat !== MIXED) data.fill(flat, target + from * channels, target + to * channels);
      else blend(rows, first * stride, stride, data, target, from * channels, to * channels, taps, y);
    }
    extents[2 * y] = Math.min(visibleFrom, visibleTo);
    extents[2 * y + 1] = visibleTo;
  }
  return { data, extents };
}

/** The one value of the blocks above each other, or MIXED. */
function sharedFlat(flats: Int16Array, first: number, stride: number, count: number): number {
  const flat = flats[first] as number;
  for (let at = 1; at < count; at++) if (flats[first + at * stride] !== flat) return MIXED;
  return flat;
}

function blend(
  rows: Uint8Array,
  source: number,
  stride: number,
  data: Uint8Array,
  target: number,
  from: number,
  to: number,
  taps: Taps,
  y: number,
): void {
  const { size, weights } = taps;
  if (size === 4) {
    blendFour(rows, source, stride, data, target, from, to, weights, 4 * y);
    return;
  }
  if (size === 2) {
    const upper = weights[2 * y] as number;
    const lower = weights[2 * y + 1] as number;
    for (let sample = from, at = source + from; sample < to; sample++, at++) {
      const sum = Math.imul(upper, rows[at] as number) + Math.imul(lower, rows[at + stride] as number) + HALF;
      data[target + sample] = sum >> ONE_BITS;
    }
    return;
  }
  for (let sample = from; sample < to; sample++) {
    let sum = HALF;
    for (let tap = 0, at = source + sample; tap < size; tap++, at += stride) {
      sum += Math.imul(weights[y * size + tap] as number, rows[at] as number);
    }
    data[target + sample] = toByte(sum);
  }
}

/** What enlarging takes, so nearly all there is. */
function blendFour(
  rows: Uint8Array,
  source: number,
  stride: number,
  data: Uint8Array,
  target: number,
  from: number,
  to: number,
  weights: Int32Array,
  firstWeight: number,
): void {
  const first = weights[firstWeight] as number;
  const second = weights[firstWeight + 1] as number;
  const third = weights[firstWeight + 2] as number;
  const fourth = weights[firstWeight + 3] as number;
  for (let sample = from, at = source + from; sample < to; sample++, at++) {
    const sum =
      Math.imul(first, rows[at] as number) +
      Math.imul(second, rows[at + stride] as number) +
      Math.imul(third, rows[at + 2 * stride] as number) +
      Math.imul(fourth, rows[at + 3 * stride] as number);
    data[target + sample] = toByte((sum + HALF) | 0);
  }
}

function flatValue(data: Uint8Array, from: number, to: number): number {
  const value = data[from] as number;
  for (let at = from + 1; at < to; at++) if (data[at] !== value) return MIXED;
  return value;
}

/** A cubic overshoots at edges. (All products are Math.imul: a plain one could be -0, which is no whole number to V8.) */
function toByte(sum: number): number {
  const value = sum >> ONE_BITS;
  return value < 0 ? 0 : Math.min(value, 255);
}
