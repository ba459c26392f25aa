import type { Box, Size } from '../geometry.js';
import { type Samples, samplesOf } from '../samples.js';

/** Cells along the longer side, at most: colours change slowly, and what is worked out here must cost little. */
const LONGEST_SIDE = 384;
/** Pixels along a side of a cell, at least: smaller ones add little to the colours of a small picture, and much time. */
const SMALLEST_CELL = 2;
/** Samples of a cell along each side, at most. */
const SAMPLES = 2;
/** Radii of the two passes as shares of the longer side: 90 and 6 pixels of a picture of 1,536, as published. */
const FAR = 90 / 1536;
const NEAR = 6 / 1536;
/** In cells: a soft edge is not narrower because the picture is small. */
const LEAST_FAR = 15;

/** The cells of a picture from whose colours those of its edges are estimated. */
export interface ColourGrid {
  /** Cells of the whole picture. */
  readonly width: number;
  readonly height: number;
  /** How far the two blurs look, in cells. */
  readonly far: number;
  readonly near: number;
  /** The columns that the colours in the box depend on, from `left` on. */
  readonly left: number;
  readonly columns: number;
  /** The first row that pixels in the box lie beside. */
  readonly top: number;
  readonly across: Samples;
  readonly down: Samples;
}

/** For the pixels in a box of the picture. */
export function colourGrid(picture: Size, box: Box): ColourGrid {
  const scale = Math.min(1 / SMALLEST_CELL, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const longer = Math.max(width, height);
  const far = Math.max(LEAST_FAR, Math.round(FAR * longer));
  const near = Math.max(1, Math.round(NEAR * longer));
  const reach = far + near;
  const left = Math.max(0, Math.floor(placeIn(box.left, picture.width, width)) - reach);
  const right = Math.floor(placeIn(box.left + box.width - 1, picture.width, width)) + 1 + reach;
  return {
    width,
    height,
    far,
    near,
    left,
    columns: Math.min(right + 1, width) - left,
    top: Math.floor(placeIn(box.top, picture.height, height)),
    across: samplesOf({ start: 0, pixels: picture.width }, width, picture.width / width, SAMPLES),
    down: samplesOf({ start: 0, pixels: picture.height }, height, picture.height / height, SAMPLES),
  };
}

/** From the middle of a pixel to a place between the middles of cells. */
export function placeIn(at: number, pixels: number, cells: number): number {
  return Math.min(Math.max(((at + 0.5) * cells) / pixels - 0.5, 0), cells - 1);
}
