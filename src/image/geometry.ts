import type { Length } from './options.js';

/** Pixels, whole numbers. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/** A length in whole pixels, where `side` is what its share is of. */
export function pixelsOfLength(length: Length, side: number): number {
  return Math.round('px' in length ? length.px : length.share * side);
}

export function wholeOf({ width, height }: Size): Box {
  return { left: 0, top: 0, width, height };
}

/** The box between four edges; without width or height where they cross. */
export function boxBetween(left: number, top: number, right: number, bottom: number): Box {
  return { left, top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

export function intersection(one: Box, other: Box): Box {
  return boxBetween(
    Math.max(one.left, other.left),
    Math.max(one.top, other.top),
    Math.min(one.left + one.width, other.left + other.width),
    Math.min(one.top + one.height, other.top + other.height),
  );
}

/** The smallest box around both. */
export function union(one: Box, other: Box): Box {
  return boxBetween(
    Math.min(one.left, other.left),
    Math.min(one.top, other.top),
    Math.max(one.left + one.width, other.left + other.width),
    Math.max(one.top + one.height, other.top + other.height),
  );
}

export function isWhole(box: Box, { width, height }: Size): boolean {
  return box.left === 0 && box.top === 0 && box.width === width && box.height === height;
}
