import type { Picture } from '../../../../src/image/decode.js';
import type { Matte } from '../../../../src/image/matte.js';

/**
 * What decontaminate() does, written down as the formulas have it: window by window, in double precision. Only for pictures of
 * even sides of at most 768 pixels, whose cells are squares of two, all pixels opaque.
 */
export function plainColours({ data, width, height, channels }: Picture, matte: Matte): Uint8Array {
  const cells = { width: width / 2, height: height / 2 };
  const alpha = reduced(cells, width, (at) => (matte.data[at] as number) / 255);
  const ours = alpha.map((share) => share ** 3);
  const theirs = alpha.map((share) => (1 - share) ** 3);
  const longer = Math.max(cells.width, cells.height);
  const far = Math.max(15, Math.round((90 / 1536) * longer));
  const near = Math.max(1, Math.round((6 / 1536) * longer));
  const result = data.slice();
  for (let channel = 0; channel < 3; channel++) {
    const mean = reduced(cells, width, (at) => data[at * channels + channel] as number);
    const wideOurs = weightedMeans(cells, mean, ours, far);
    const wideTheirs = weightedMeans(cells, mean, theirs, far);
    const corrected = (wide: number[], shareOf: (alpha: number) => number) =>
      wide.map((colour, cell) => {
        const share = alpha[cell] as number;
        const explained = share * (wideOurs[cell] as number) + (1 - share) * (wideTheirs[cell] as number);
        return held(colour + shareOf(share) * ((mean[cell] as number) - explained));
      });
    const subject = weightedMeans(
      cells,
      corrected(wideOurs, (share) => share),
      ours,
      near,
    );
    const background = weightedMeans(
      cells,
      corrected(wideTheirs, (share) => 1 - share),
      theirs,
      near,
    );
    for (let at = 0; at < width * height; at++) {
      const level = matte.data[at] as number;
      if (level === 0 || level === 255) continue;
      const [x, y] = [at % width, Math.floor(at / width)];
      const [f, b] = [between(cells, subject, x, y), between(cells, background, x, y)];
      const share = level / 255;
      const seen = data[at * channels + channel] as number;
      result[at * channels + channel] = Math.round(held(f + share * (seen - share * f - (1 - share) * b)));
    }
  }
  return result;
}

interface Cells {
  readonly width: number;
  readonly height: number;
}

function reduced(cells: Cells, pixels: number, levelOf: (at: number) => number): number[] {
  return Array.from({ length: cells.width * cells.height }, (_, cell) => {
    const at = 2 * Math.floor(cell / cells.width) * pixels + 2 * (cell % cells.width);
    return (levelOf(at) + levelOf(at + 1) + levelOf(at + pixels) + levelOf(at + pixels + 1)) / 4;
  });
}

/** Beyond the border the cells at the border go on. */
function weightedMeans(
  { width, height }: Cells,
  values: number[],
  weights: number[],
  radius: number,
): number[] {
  const count = (2 * radius + 1) ** 2;
  return values.map((_, cell) => {
    const [x, y] = [cell % width, Math.floor(cell / width)];
    let sum = 0;
    let weight = 0;
    for (let j = y - radius; j <= y + radius; j++) {
      for (let i = x - radius; i <= x + radius; i++) {
        const at = Math.min(Math.max(j, 0), height - 1) * width + Math.min(Math.max(i, 0), width - 1);
        sum += (values[at] as number) * (weights[at] as number);
        weight += weights[at] as number;
      }
    }
    return sum / count / (weight / count + 1e-5);
  });
}

function between({ width, height }: Cells, values: number[], x: number, y: number): number {
  const [across, down] = [placeIn(x, width), placeIn(y, height)];
  const mixed = (row: number) => {
    const left = values[Math.min(row, height - 1) * width + Math.floor(across)] as number;
    const right = values[
      Math.min(row, height - 1) * width + Math.min(Math.floor(across) + 1, width - 1)
    ] as number;
    return left + (right - left) * (across % 1);
  };
  const upper = mixed(Math.floor(down));
  return upper + (mixed(Math.floor(down) + 1) - upper) * (down % 1);
}

function placeIn(pixel: number, cells: number): number {
  return Math.min(Math.max((pixel + 0.5) / 2 - 0.5, 0), cells - 1);
}

function held(value: number): number {
  return Math.min(Math.max(value, 0), 255);
}
