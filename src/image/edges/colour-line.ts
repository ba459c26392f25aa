import { type Cells, coarser, coarserMask, visitWindows } from './pyramid.js';
import { BOTH_SIDES, MOMENTS } from './side-moments.js';

/** Levels of the pyramid; the cells of each have twice the side of those of the one before. */
const LEVELS = 5;
/** Cells that a window reaches each way. */
export const REACH = 2;
/** How many samples the colours of the next coarser level count as much as. */
const PRIOR = 12;
/** Variance that every colour has, of noise and of compression. */
const NOISE = 40;
/** Keeps a side that is nowhere from a division by nothing. */
const LITTLE = 1e-6;

/** For a cell: what red, green and blue are multiplied by, what is added, and how far apart the sides are. */
export const LINE = 5;
/** Which of them is the last: trust.ts puts there how far the line is trusted. */
export const TRUST = 4;

/**
 * For the cells that are asked for, the linear function of a colour that tells subject from background best. `moments`
 * are those of side-moments.ts.
 */
export function colourLines(moments: Cells, isWanted: Uint8Array): Float32Array {
  const { columns, rows } = moments;
  const lines = new Float32Array(columns * rows * LINE);
  visitColours(moments, isWanted, LEVELS, (sums, x, y) => separate(sums, lines, (y * columns + x) * LINE));
  return lines;
}

/** Visits the wanted cells with the moments around them; the coarser levels say what these say too little about. */
function visitColours(
  cells: Cells,
  isWanted: Uint8Array,
  levels: number,
  visit: (sums: Float32Array, x: number, y: number) => void,
): void {
  if (levels === 1) {
    visitWindows(cells, BOTH_SIDES, REACH, isWanted, visit);
    return;
  }
  const { columns, rows } = cells;
  const wider = coarser(cells, BOTH_SIDES);
  const around = new Float32Array(wider.values.length);
  visitColours(wider, coarserMask(isWanted, columns, rows), levels - 1, (sums, x, y) =>
    around.set(sums, (y * wider.columns + x) * BOTH_SIDES),
  );
  const parents = { ...wider, values: around };
  visitWindows(cells, BOTH_SIDES, REACH, isWanted, (sums, x, y) => {
    addPrior(sums, parents, x, y);
    visit(sums, x, y);
  });
}

/** Adds what the coarser level says around a cell, between the middles of its cells. */
function addPrior(sums: Float32Array, { columns, rows, values: wider }: Cells, x: number, y: number): void {
  const left = (x - 1) >> 1;
  const top = (y - 1) >> 1;
  const xShare = x & 1 ? 0.25 : 0.75;
  const yShare = y & 1 ? 0.25 : 0.75;
  for (let j = 0; j < 2; j++) {
    const row = Math.min(Math.max(top + j, 0), rows - 1) * columns;
    for (let i = 0; i < 2; i++) {
      const from = (row + Math.min(Math.max(left + i, 0), columns - 1)) * BOTH_SIDES;
      const share = PRIOR * (i ? xShare : 1 - xShare) * (j ? yShare : 1 - yShare);
      for (let side = 0; side < BOTH_SIDES; side += MOMENTS) {
        const weight = share / ((wider[from + side] as number) + LITTLE);
        for (let value = side; value < side + MOMENTS; value++)
          sums[value] = (sums[value] as number) + weight * (wider[from + value] as number);
      }
    }
  }
}

function separate(sums: Float32Array, lines: Float32Array, line: number): void {
  const v = (index: number) => sums[index] as number;
  const ours = 1 / (v(0) + LITTLE);
  const theirs = 1 / (v(MOMENTS) + LITTLE);
  const f0 = v(1) * ours;
  const f1 = v(2) * ours;
  const f2 = v(3) * ours;
  const b0 = v(11) * theirs;
  const b1 = v(12) * theirs;
  const b2 = v(13) * theirs;
  const c00 = (v(4) * ours - f0 * f0 + v(14) * theirs - b0 * b0) / 2 + NOISE;
  const c01 = (v(5) * ours - f0 * f1 + v(15) * theirs - b0 * b1) / 2;
  const c02 = (v(6) * ours - f0 * f2 + v(16) * theirs - b0 * b2) / 2;
  const c11 = (v(7) * ours - f1 * f1 + v(17) * theirs - b1 * b1) / 2 + NOISE;
  const c12 = (v(8) * ours - f1 * f2 + v(18) * theirs - b1 * b2) / 2;
  const c22 = (v(9) * ours - f2 * f2 + v(19) * theirs - b2 * b2) / 2 + NOISE;
  const d0 = f0 - b0;
  const d1 = f1 - b1;
  const d2 = f2 - b2;
  const i00 = c11 * c22 - c12 * c12;
  const i01 = c02 * c12 - c01 * c22;
  const i02 = c01 * c12 - c02 * c11;
  const i11 = c00 * c22 - c02 * c02;
  const i12 = c01 * c02 - c00 * c12;
  const i22 = c00 * c11 - c01 * c01;
  const share = 1 / (c00 * i00 + c01 * i01 + c02 * i02);
  const w0 = (i00 * d0 + i01 * d1 + i02 * d2) * share;
  const w1 = (i01 * d0 + i11 * d1 + i12 * d2) * share;
  const w2 = (i02 * d0 + i12 * d1 + i22 * d2) * share;
  const apart = w0 * d0 + w1 * d1 + w2 * d2;
  const scale = 1 / (apart + LITTLE);
  lines[line] = w0 * scale;
  lines[line + 1] = w1 * scale;
  lines[line + 2] = w2 * scale;
  lines[line + 3] = -(w0 * b0 + w1 * b1 + w2 * b2) * scale;
  lines[line + TRUST] = apart;
}
