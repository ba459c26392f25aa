import { type Component, findComponents } from './components.js';
import type { ModelMatte } from './cutout.js';
import { type Box, boxBetween, intersection } from './geometry.js';
import { meansOfCells } from './levels.js';

/** Whether a picture shows a subject, and where. */
export interface Verdict {
  readonly subject: boolean;
  /** How much speaks for a subject, 0..1; one is taken to be there from 0.5 on. */
  readonly confidence: number;
  /** Around the subject without specks, in pixels of the picture; undefined where there is none. */
  readonly box: Box | undefined;
  /** How much of the picture is subject, 0..1; 0 where there is none. */
  readonly share: number;
}

const NONE = { subject: false, box: undefined, share: 0 } as const;

/** The network's values are averaged over cells, this many across and down: what is finer than a cell tells nothing. */
const CELLS = 128;
/** A value that says "rather subject than background". */
const HALF = 0.5;

// The three that follow were measured on pictures with and without a subject (docs/evaluate.md).
/** Share of the picture that counts half: a few letters, a single leaf. */
const TINY = 0.0002;
/** Compactness that counts half: text, bricks and stripes are about here, a bicycle is at four times as much. */
const LOOSE = 0.005;
/** Evidence from which on a subject is there. A wrong "no" can cost a picture, a wrong "yes" nothing. */
const ENOUGH = 0.4;

/** Of the largest part: smaller ones are specks, which make the box no larger. */
const SPECK = 0.01;

/**
 * Judges a matte. A network that sees a subject is sure of most of what it does not take for background, and that hangs
 * together; where there is none its matte is faint, or grey all over, or lines and crumbs. `seen` is what the model saw, in
 * pixels of the picture; what of it is outside `region` is padding.
 */
export function judge(matte: ModelMatte, seen: Box, region: Box = seen): Verdict {
  const cells = averageCells(matte);
  const { certainty, compactness, share } = measure(cells);
  const evidence =
    certainty * (share / (share + TINY)) * (compactness ** 2 / (compactness ** 2 + LOOSE ** 2));
  if (evidence < ENOUGH) return { ...NONE, confidence: evidence / ENOUGH / 2 };

  const confidence = 0.5 + (evidence - ENOUGH) / (1 - ENOUGH) / 2;
  const { data, side } = matte;
  const half = byteOf(HALF, matte);
  const parts = withoutSpecks(findComponents({ data, width: side, height: side }, half));
  const pixels = parts.reduce((sum, part) => sum + part.pixels, 0);
  const padded = (seen.width * seen.height) / (region.width * region.height);
  const box = intersection(boxAround(parts, side, seen), region);
  return { subject: true, confidence, box, share: Math.min(1, (padded * pixels) / side ** 2) };
}

/** Mean values of the network, row by row. */
interface Cells {
  readonly values: Float64Array;
  readonly across: number;
}

function averageCells(matte: ModelMatte): Cells {
  const { data, side } = matte;
  const across = Math.min(CELLS, side);
  const values = meansOfCells(data, side, across);
  const { min, max } = rangeOf(matte);
  // From levels to values, in place.
  for (let cell = 0; cell < values.length; cell++)
    values[cell] = Math.max(0, min + ((values[cell] as number) / 255) * (max - min));
  return { values, across };
}

/**
 * `certainty`: mean of the values, each weighted by itself: 1 where all are 0 or 1. `compactness`: 1 for a square, half of
 * that for two, less the more parts and the longer edges what is at least half subject has. `share`: of the picture.
 */
function measure({ values, across }: Cells): { certainty: number; compactness: number; share: number } {
  let sum = 0;
  let squares = 0;
  let inside = 0;
  let edges = 0;
  for (let y = 0, at = 0; y < across; y++) {
    for (let x = 0; x < across; x++, at++) {
      const value = values[at] as number;
      sum += value;
      squares += value * value;
      const isInside = value >= HALF;
      if (isInside !== (x > 0 && (values[at - 1] as number) >= HALF)) edges += 1;
      if (isInside !== (y > 0 && (values[at - across] as number) >= HALF)) edges += 1;
      if (!isInside) continue;
      inside += 1;
      if (x === across - 1) edges += 1;
      if (y === across - 1) edges += 1;
    }
  }
  return {
    certainty: sum === 0 ? 0 : squares / sum,
    compactness: edges === 0 ? 0 : (16 * inside) / edges ** 2,
    share: inside / across ** 2,
  };
}

/** The values that 0 and 255 stand for. */
function rangeOf({ isStretched, rawRange }: ModelMatte): ModelMatte['rawRange'] {
  return isStretched ? rawRange : { min: 0, max: 1 };
}

function byteOf(value: number, matte: ModelMatte): number {
  const { min, max } = rangeOf(matte);
  return (255 * (value - min)) / (max - min);
}

function withoutSpecks(parts: readonly Component[]): Component[] {
  const largest = parts.reduce((most, { pixels }) => Math.max(most, pixels), 0);
  return parts.filter(({ pixels }) => pixels >= SPECK * largest);
}

/** From pixels of the matte to whole pixels of the picture, part of which it is stretched over. */
function boxAround(parts: readonly Component[], side: number, seen: Box): Box {
  let left = side;
  let right = 0;
  let top = side;
  let bottom = 0;
  for (const { runs } of parts) {
    for (const { from, to } of runs) {
      const row = Math.floor(from / side);
      left = Math.min(left, from - row * side);
      right = Math.max(right, to - row * side);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row + 1);
    }
  }
  return boxBetween(
    seen.left + Math.floor((left * seen.width) / side),
    seen.top + Math.floor((top * seen.height) / side),
    seen.left + Math.ceil((right * seen.width) / side),
    seen.top + Math.ceil((bottom * seen.height) / side),
  );
}
