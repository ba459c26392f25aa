/** What a batch takes, fitted from measured ones: `perPictureMs` x pictures + `fixedMs`, in milliseconds. */
export interface CostLine {
  readonly perPictureMs: number;
  readonly fixedMs: number;
}

/** Milliseconds of a batch of `size`. */
export function costOf(line: CostLine, size: number): number {
  return line.perPictureMs * size + line.fixedMs;
}

/** A fitted line, and the one to act on. */
interface Fit {
  readonly line: CostLine;
  /** Its fixed cost is one that the measurements leave little doubt of, and so is what a batch saves. */
  readonly certain: CostLine;
}

interface Sample {
  readonly size: number;
  readonly durationMs: number;
}

/** As many batches as BentoML's dispatcher fits its line to (`N_KEPT_SAMPLE` of its `Optimizer`). */
const KEPT = 50;
/** A size with fewer batches says nothing: a device is slow the first time it meets a size. */
const TRUSTED = 3;
/** Batches after which one counts half. */
const HALF_LIFE = 25;
const ROUNDS = 8;
/** Relative change of a single picture's time after which another round changes nothing. */
const CONVERGED = 1e-6;
/** Tukey's constant: 95 % of the precision of plain least squares where the noise is normal. */
const TUKEY = 4.685;
/** Relative. No device is exactly linear: a size a little off the line is no outlier. */
const LEAST_SCALE = 0.05;
/** Standard errors that the fixed cost may be off. */
const DOUBT = 2;
/** A fit that leaves more doubt than this share of a single picture's time tells nothing. */
const MOST_DOUBT = 0.25;
/** Batches between two fits once so many are kept: one more then changes little. */
const FIT_EVERY = 5;

/**
 * Learns the line from the last 50 batches by robust, weighted least squares: errors count relative to the duration
 * (noise grows with it), recent batches count more, outliers (Tukey's biweight) not at all. The oldest batch of the
 * most frequent size is the one forgotten, so that a long run of equal batches does not make the line unknown.
 */
export class CostModel {
  #samples: Sample[] = [];
  #fitted: Fit | undefined;
  #sinceFit = 0;

  /** `size`: pictures that the device computed; `durationMs`: of the whole batch. */
  observe(size: number, durationMs: number): void {
    if (!(durationMs > 0)) return;
    this.#samples.push({ size, durationMs });
    if (this.#samples.length > KEPT) {
      const counts = countBySize(this.#samples);
      const most = Math.max(...counts.values());
      this.#samples.splice(
        this.#samples.findIndex(({ size }) => counts.get(size) === most),
        1,
      );
    }
    this.#sinceFit += 1;
  }

  /** Undefined until the batches seen determine it: two sizes, three batches of each, at least. */
  get line(): CostLine | undefined {
    return this.#fit()?.line;
  }

  /** The line with as small a fixed cost as the noise allows: what to act on, where acting on chance would cost. */
  get certainLine(): CostLine | undefined {
    return this.#fit()?.certain;
  }

  #fit(): Fit | undefined {
    const isSettled = this.#fitted !== undefined && this.#samples.length === KEPT;
    if (this.#sinceFit >= (isSettled ? FIT_EVERY : 1)) {
      this.#fitted = fitLine(this.#samples.filter((sample) => this.knows(sample.size)));
      this.#sinceFit = 0;
    }
    return this.#fitted;
  }

  /** Whether enough batches of this size were seen. */
  knows(size: number): boolean {
    return this.#samples.filter((sample) => sample.size === size).length >= TRUSTED;
  }

  /** Milliseconds that batches of this size took, by their median; undefined where too few were seen. */
  typicalMs(size: number): number | undefined {
    if (!this.knows(size)) return undefined;
    return median(this.#samples.filter((sample) => sample.size === size).map((sample) => sample.durationMs));
  }
}

function fitLine(samples: readonly Sample[]): Fit | undefined {
  const sizes = [...countBySize(samples).keys()];
  if (sizes.length < 2) return undefined;
  // The sizes' medians are a start that outliers hardly move.
  const medians = sizes.map((size) => ({
    size,
    durationMs: median(samples.filter((sample) => sample.size === size).map((sample) => sample.durationMs)),
  }));
  let line = leastSquares(medians.map((sample) => ({ ...sample, weight: sample.durationMs ** -2 })));
  let weighted: Weighted[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const errors = samples.map(({ size, durationMs }) => durationMs / costOf(line, size) - 1);
    const scale = Math.max(1.4826 * median(errors.map(Math.abs)), LEAST_SCALE);
    weighted = samples.map((sample, index) => {
      const distance = Math.min(1, Math.abs(errors[index] ?? 0) / (TUKEY * scale));
      const recency = 2 ** ((index - samples.length) / HALF_LIFE);
      return { ...sample, weight: (recency * (1 - distance ** 2) ** 2) / costOf(line, sample.size) ** 2 };
    });
    const before = line;
    line = leastSquares(weighted);
    if (Math.abs(costOf(line, 1) / costOf(before, 1) - 1) < CONVERGED) break;
  }
  if (line.fixedMs === 0) return { line, certain: line };
  const doubt = DOUBT * standardErrorOfFixed(weighted, line);
  if (doubt > MOST_DOUBT * costOf(line, 1)) return undefined;
  const fixedMs = Math.max(0, line.fixedMs - doubt);
  const { w, x, y } = sums(weighted);
  return { line, certain: { perPictureMs: (y - w * fixedMs) / x, fixedMs } };
}

interface Weighted extends Sample {
  readonly weight: number;
}

/** Neither part of a line can be negative: where the free fit says so, the other part is fitted alone. */
function leastSquares(samples: readonly Weighted[]): CostLine {
  const { w, x, y, xx, xy } = sums(samples);
  const spread = w * xx - x * x;
  // Only one size is left when every other one was an outlier: its whole cost then counts as the pictures'.
  const perPictureMs = spread > 1e-9 * w * xx ? (w * xy - x * y) / spread : xy / xx;
  const fixedMs = (y - perPictureMs * x) / w;
  if (perPictureMs < 0) return { perPictureMs: 0, fixedMs: y / w };
  return fixedMs < 0 ? { perPictureMs: xy / xx, fixedMs: 0 } : { perPictureMs, fixedMs };
}

function standardErrorOfFixed(samples: readonly Weighted[], line: CostLine): number {
  const { w, x, xx } = sums(samples);
  const spread = w * xx - x * x;
  if (!(spread > 1e-9 * w * xx)) return Number.POSITIVE_INFINITY;
  const squares = samples.map(
    ({ size, durationMs, weight }) => weight * (durationMs - costOf(line, size)) ** 2,
  );
  const variance = squares.reduce((sum, square) => sum + square, 0) / (samples.length - 2);
  return Math.sqrt((variance * xx) / spread);
}

function sums(samples: readonly Weighted[]) {
  const total = { w: 0, x: 0, y: 0, xx: 0, xy: 0 };
  for (const { size, durationMs, weight } of samples) {
    total.w += weight;
    total.x += weight * size;
    total.y += weight * durationMs;
    total.xx += weight * size * size;
    total.xy += weight * size * durationMs;
  }
  return total;
}

function countBySize(samples: readonly Sample[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { size } of samples) counts.set(size, (counts.get(size) ?? 0) + 1);
  return counts;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
