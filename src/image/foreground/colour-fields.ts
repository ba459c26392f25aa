import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import { samplesOf } from '../samples.js';
import { boxBlur, type Plane } from './plane.js';

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
/** Keeps cells without any of a side from a division by nothing; such cells are asked for nothing. */
const LITTLE = 1e-5;

/** What the subject and the background look like around each cell of a grid; 0..255. */
export interface ColourFields {
  /** Cells. */
  readonly width: number;
  readonly height: number;
  /** FIELD_VALUES for each cell: red, green and blue of the subject, then those of the background. */
  readonly values: Float32Array;
}

export const FIELD_VALUES = 6;

/**
 * Blurs the colours of subject and background, each weighted by how much of it is in a pixel, in two passes (Forte and Pitié,
 * "Approximate Fast Foreground Colour Estimation", ICIP 2021): widely first, which gives an estimate everywhere; then
 * closely over what that estimate makes of the picture. All on a reduced picture: what is fine comes from the picture
 * itself, in the formula that ends each pass.
 */
export function fitColours(picture: Picture, matte: Matte): ColourFields {
  const { width, height, means, alpha, known } = reduce(picture, matte);
  const cells = width * height;
  const longer = Math.max(width, height);
  const far = Math.max(LEAST_FAR, Math.round(FAR * longer));
  const near = Math.max(1, Math.round(NEAR * longer));
  const [inside, outside, ours, theirs] = Array.from({ length: 4 }, () => new Float32Array(cells)) as Four;
  for (let cell = 0; cell < cells; cell++) {
    inside[cell] = (known[cell] as number) * cube(alpha[cell] as number);
    outside[cell] = (known[cell] as number) * cube(1 - (alpha[cell] as number));
  }
  const blurred = (plane: Plane, radius: number) => boxBlur(plane.slice(), width, height, radius);
  const [insideFar, outsideFar] = [blurred(inside, far), blurred(outside, far)];
  const [insideNear, outsideNear] = [blurred(inside, near), blurred(outside, near)];
  const values = new Float32Array(cells * FIELD_VALUES);
  for (const [channel, mean] of means.entries()) {
    for (let cell = 0; cell < cells; cell++) {
      ours[cell] = (mean[cell] as number) * (inside[cell] as number);
      theirs[cell] = (mean[cell] as number) * (outside[cell] as number);
    }
    boxBlur(ours, width, height, far);
    boxBlur(theirs, width, height, far);
    for (let cell = 0; cell < cells; cell++) {
      const share = alpha[cell] as number;
      const wideOurs = (ours[cell] as number) / ((insideFar[cell] as number) + LITTLE);
      const wideTheirs = (theirs[cell] as number) / ((outsideFar[cell] as number) + LITTLE);
      const unexplained = (mean[cell] as number) - share * wideOurs - (1 - share) * wideTheirs;
      ours[cell] = (inside[cell] as number) * held(wideOurs + share * unexplained);
      theirs[cell] = (outside[cell] as number) * held(wideTheirs + (1 - share) * unexplained);
    }
    boxBlur(ours, width, height, near);
    boxBlur(theirs, width, height, near);
    for (let cell = 0, at = channel; cell < cells; cell++, at += FIELD_VALUES) {
      values[at] = (ours[cell] as number) / ((insideNear[cell] as number) + LITTLE);
      values[at + 3] = (theirs[cell] as number) / ((outsideNear[cell] as number) + LITTLE);
    }
  }
  return { width, height, values };
}

/**
 * What a cell counts for a side that has this share of it. The paper has the share itself: with its cube a wide edge gets
 * its colours from where it is nearly pure, and a quarter of the remaining error goes.
 */
function cube(share: number): number {
  return share * share * share;
}

function held(value: number): number {
  return Math.min(Math.max(value, 0), 255);
}

interface Reduced {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue, 0..255. */
  readonly means: readonly Plane[];
  /** 0..1. */
  readonly alpha: Plane;
  /** How opaque the picture itself is, 0..1: what lies under its own transparency is no colour of anything. */
  readonly known: Plane;
}

/** Picture and matte in cells; of a large cell only samples in even distances are looked at. */
function reduce(picture: Picture, matte: Matte): Reduced {
  const scale = Math.min(1 / SMALLEST_CELL, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const [red, green, blue, alpha, known] = Array.from(
    { length: 5 },
    () => new Float32Array(width * height),
  ) as Five;
  const across = samplesOf({ start: 0, pixels: picture.width }, width, picture.width / width, SAMPLES);
  const down = samplesOf({ start: 0, pixels: picture.height }, height, picture.height / height, SAMPLES);
  const one = 1 / (across.perCell * down.perCell);
  const { data, channels } = picture;
  for (let y = 0, cell = 0; y < height; y++) {
    for (let x = 0; x < width; x++, cell++) {
      let r = 0;
      let g = 0;
      let b = 0;
      let a = 0;
      let weights = 0;
      for (let j = y * down.perCell, lastY = j + down.perCell; j < lastY; j++) {
        const row = (down.places[j] as number) * picture.width;
        for (let i = x * across.perCell, lastX = i + across.perCell; i < lastX; i++) {
          const place = row + (across.places[i] as number);
          const at = place * channels;
          const weight = channels === 4 ? (data[at + 3] as number) : 255;
          weights += weight;
          r += weight * (data[at] as number);
          g += weight * (data[at + 1] as number);
          b += weight * (data[at + 2] as number);
          a += matte.data[place] as number;
        }
      }
      const share = weights === 0 ? 0 : 1 / weights;
      red[cell] = r * share;
      green[cell] = g * share;
      blue[cell] = b * share;
      known[cell] = (weights * one) / 255;
      alpha[cell] = (a * one) / 255;
    }
  }
  return { width, height, means: [red, green, blue], alpha, known };
}

type Four = [Plane, Plane, Plane, Plane];
type Five = [Plane, Plane, Plane, Plane, Plane];
