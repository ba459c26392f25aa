import { layOutMemory, roundUp } from '../wasm.js';
import { resampleKernels } from './resample-kernels.js';

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
/** Rows are done as many at a time as fit in here, or one: the memory stays small, and in the processor's cache. */
const STRIP_BYTES = 131_072;
/** Room behind a row for the rest of a vector. */
const MARGIN = 16;
/** Weights that a group has, of samples that lie side by side, and its bytes. */
const GROUP_WEIGHTS = 16;
const GROUP_BYTES = 64;
const MOST_GROUPED_TAPS = 4;
/** Weights are handled this many at once where there are more of them. */
const LANES = 8;

/** How a sample between two others is made. */
export interface Kernel {
  /** Samples that it needs on each side: 1 is a straight line, 2 the cubic of Catmull and Rom. */
  readonly support: 1 | 2;
}

const CUBIC: Kernel = { support: 2 };

/** A straight line between neighbours: softer than a cubic, and less work. */
export const LINEAR: Kernel = { support: 1 };

/**
 * Stretches a raster to a size with a kernel, widened by the factor where it gets smaller, so that nothing is skipped.
 * Pixel centres meet pixel centres: libvips, through sharp, enlarges half a pixel off, and takes far longer.
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
  return stretch(raster, channels, width, height, kernel);
}

/** Strip by strip: rows of the source at the new width first, of which the last ones are kept, then rows of the result. */
function stretch(
  raster: Raster,
  channels: number,
  width: number,
  height: number,
  { support }: Kernel,
): Resampled {
  const kernels = resampleKernels();
  const across = tapCount(raster.width, width, support);
  const down = tapCount(raster.height, height, support);
  const isGrouped = width >= raster.width;
  const taps = isGrouped ? roundUp(across, across > 2 ? MOST_GROUPED_TAPS : 2) : roundUp(across, LANES);
  const blended = roundUp(down, 2);
  const sourceBytes = raster.width * channels;
  const rowBytes = width * channels;
  const slotBytes = roundUp(rowBytes, MARGIN) + MARGIN;
  const step = raster.height / height;
  const largestRow = Math.max(rowBytes, Math.max(rowBytes, sourceBytes) * step);
  const stripRows = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / largestRow)));
  // What a strip is made of.
  const slotCount = Math.min(raster.height, Math.ceil((stripRows - 1) * step) + down + 1);
  const flatBytes = Math.ceil(width / BLOCK) * 4;
  const at = layOutMemory(kernels, {
    source: slotCount * sourceBytes + MARGIN,
    slots: slotCount * slotBytes,
    flats: slotCount * flatBytes,
    strip: stripRows * rowBytes + MARGIN,
    extents: stripRows * 8,
    exact: Math.max(across, down) * 8,
    startsAcross: width * 4,
    weightsAcross: width * taps * 2,
    groups: isGrouped ? Math.ceil((rowBytes * taps) / GROUP_WEIGHTS) * GROUP_BYTES : 0,
    startsDown: height * 4,
    weightsDown: height * blended * 2,
    rows: blended * 4,
    rowFlats: blended * 4,
  });
  const { buffer } = kernels.memory;
  kernels.setTaps(raster.width, width, support, across, taps, at.startsAcross, at.weightsAcross, at.exact);
  kernels.setTaps(raster.height, height, support, down, blended, at.startsDown, at.weightsDown, at.exact);
  if (isGrouped) kernels.setGroups(width, channels, taps, at.startsAcross, at.weightsAcross, at.groups);
  const startsDown = new Int32Array(buffer, at.startsDown, height);
  const source = new Uint8Array(buffer, at.source);
  const strip = new Uint8Array(buffer, at.strip, stripRows * rowBytes);

  let stretched = 0;
  function stretchRowsBefore(end: number): void {
    source.set(raster.data.subarray(stretched * sourceBytes, end * sourceBytes));
    for (let from = at.source; stretched < end; stretched++, from += sourceBytes) {
      const slot = stretched % slotCount;
      const target = at.slots + slot * slotBytes;
      const flats = at.flats + slot * flatBytes;
      if (isGrouped) {
        const { startsAcross, groups } = at;
        kernels.stretchByGroups(from, width, channels, across, taps, startsAcross, groups, target, flats);
      } else {
        const { startsAcross, weightsAcross } = at;
        kernels.stretchByTaps(
          from,
          width,
          channels,
          across,
          taps,
          startsAcross,
          weightsAcross,
          target,
          flats,
        );
      }
    }
  }

  const data = new Uint8Array(rowBytes * height);
  const extents = new Int32Array(height * 2);
  for (let y = 0; y < height; y += stripRows) {
    const end = Math.min(height, y + stripRows);
    stretchRowsBefore((startsDown[end - 1] as number) + down);
    kernels.blendRows(
      y,
      end,
      at.slots,
      slotBytes,
      slotCount,
      at.flats,
      flatBytes,
      down,
      blended,
      at.startsDown,
      at.weightsDown,
      at.rows,
      at.rowFlats,
      width,
      channels,
      at.strip,
      at.extents,
    );
    extents.set(new Int32Array(buffer, at.extents, 2 * (end - y)), 2 * y);
    copyVisible(strip, data, extents, channels, width, y, end);
  }
  return { data, extents };
}

/** Samples that a place is made of. */
function tapCount(from: number, to: number, support: number): number {
  return from === to ? 1 : Math.min(from, Math.ceil(2 * support * Math.max(1, from / to)));
}

/** What is blank is not copied: memory that nobody has written to costs nothing. */
function copyVisible(
  strip: Uint8Array,
  data: Uint8Array,
  extents: Int32Array,
  channels: number,
  width: number,
  from: number,
  to: number,
): void {
  const first = from * width * channels;
  for (let y = from; y < to; y++) {
    const start = (y * width + (extents[2 * y] as number)) * channels;
    const end = (y * width + (extents[2 * y + 1] as number)) * channels;
    data.set(strip.subarray(start - first, end - first), start);
  }
}
