/** One channel of 8 bits, rows from the top: 0 = background, 255 = subject. */
export interface Plane {
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Where a ground truth counts as subject in the measures that need a yes or no, as in their authors' programs. */
export const SUBJECT_ABOVE = 128;

/** MATLAB's `eps`, which the published definitions add where a divisor may be 0. */
export const EPSILON = Number.EPSILON;
