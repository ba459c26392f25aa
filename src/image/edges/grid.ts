import { type Box, boxBetween, type Size } from '../geometry.js';
import { type Samples, samplesOf } from '../samples.js';

/** Samples of a cell along each side, at most. */
const SAMPLES = 3;

/** Square cells over a part of a picture. */
export interface Grid {
  /** Pixels along the side of a cell. */
  readonly step: number;
  readonly columns: number;
  readonly rows: number;
  /** The part of the picture that the cells cover; those at its right and bottom may reach beyond. */
  readonly box: Box;
  readonly across: Samples;
  readonly down: Samples;
}

/** The grid with cells of `step` pixels that covers a box. */
export function gridOver(box: Box, step: number, picture: Size): Grid {
  const left = Math.floor(box.left / step) * step;
  const top = Math.floor(box.top / step) * step;
  const columns = Math.max(1, Math.ceil((box.left + box.width - left) / step));
  const rows = Math.max(1, Math.ceil((box.top + box.height - top) / step));
  return {
    step,
    columns,
    rows,
    box: boxBetween(
      left,
      top,
      Math.min(left + columns * step, picture.width),
      Math.min(top + rows * step, picture.height),
    ),
    across: samplesOf({ start: left, pixels: picture.width }, columns, step, SAMPLES),
    down: samplesOf({ start: top, pixels: picture.height }, rows, step, SAMPLES),
  };
}
