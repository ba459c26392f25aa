import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import { type ColourFields, FIELD_VALUES, fitColours } from './colour-fields.js';

const WHOLE = 255;

/**
 * Takes the background out of the colours of pixels that are partly subject, in place: with them a cut-out has no
 * fringe on any other background. Wholly opaque pixels keep their colours exactly, wholly transparent ones are never
 * seen. The colour F of a pixel I with alpha a is the subject's around it, corrected by what that and the background's
 * leave unexplained: F' + a (I - a F' - (1 - a) B') (Forte and Pitié 2021, equation 4).
 */
export function decontaminate(picture: Picture, matte: Matte): void {
  const { width, height } = picture;
  let fields: ColourFields | undefined;
  let row = new Float32Array(0);
  for (let y = 0; y < height; y++) {
    const from = matte.extents?.[2 * y] ?? 0;
    const to = matte.extents?.[2 * y + 1] ?? width;
    const first = firstOfEdge(matte.data, y * width + from, y * width + to);
    if (first === undefined) continue;
    if (fields === undefined) {
      fields = fitColours(picture, matte);
      row = new Float32Array(fields.width * FIELD_VALUES);
    }
    correctRow(picture, matte.data, fields, y, first - y * width, to, row);
  }
}

/** The first pixel of a stretch that is neither wholly subject nor wholly background. */
function firstOfEdge(levels: Uint8Array, from: number, to: number): number | undefined {
  for (let at = from; at < to; at++) {
    const level = levels[at] as number;
    if (level !== 0 && level !== WHOLE) return at;
  }
  return undefined;
}

function correctRow(
  { data, width, height, channels }: Picture,
  levels: Uint8Array,
  fields: ColourFields,
  y: number,
  from: number,
  to: number,
  row: Float32Array,
): void {
  const firstCell = Math.floor(placeIn(from, width, fields.width));
  const lastCell = Math.min(Math.floor(placeIn(to - 1, width, fields.width)) + 1, fields.width - 1);
  blendRows(fields, placeIn(y, height, fields.height), firstCell, lastCell, row);
  const last = (fields.width - 1) * FIELD_VALUES;
  for (let x = from, at = y * width + x; x < to; x++, at++) {
    const level = levels[at] as number;
    if (level === 0 || level === WHOLE) continue;
    const alpha = level / WHOLE;
    const place = placeIn(x, width, fields.width);
    const left = Math.floor(place);
    const share = place - left;
    const cell = left * FIELD_VALUES;
    const next = Math.min(cell + FIELD_VALUES, last);
    const red = at * channels;
    data[red] = colourOf(data[red] as number, alpha, row, cell, next, share);
    data[red + 1] = colourOf(data[red + 1] as number, alpha, row, cell + 1, next + 1, share);
    data[red + 2] = colourOf(data[red + 2] as number, alpha, row, cell + 2, next + 2, share);
  }
}

function colourOf(
  seen: number,
  alpha: number,
  row: Float32Array,
  cell: number,
  next: number,
  share: number,
): number {
  const subject = between(row, cell, next, share);
  const background = between(row, cell + 3, next + 3, share);
  const unexplained = seen - alpha * subject - (1 - alpha) * background;
  const colour = subject + alpha * unexplained;
  return colour < 0 ? 0 : colour > 255 ? 255 : (colour + 0.5) | 0;
}

/** From the middle of a pixel to a place between the middles of cells. */
function placeIn(at: number, pixels: number, cells: number): number {
  return Math.min(Math.max(((at + 0.5) * cells) / pixels - 0.5, 0), cells - 1);
}

/** Puts the fields along a row that lies between two of theirs into `row`, for the cells from `first` to `last`. */
function blendRows(
  { width, height, values }: ColourFields,
  place: number,
  first: number,
  last: number,
  row: Float32Array,
): void {
  const stride = width * FIELD_VALUES;
  const upper = Math.floor(place);
  const share = place - upper;
  const at = upper * stride;
  const next = Math.min(upper + 1, height - 1) * stride;
  for (let value = first * FIELD_VALUES, end = (last + 1) * FIELD_VALUES; value < end; value++) {
    row[value] = between(values, at + value, next + value, share);
  }
}

function between(values: Float32Array, one: number, other: number, share: number): number {
  const first = values[one] as number;
  return first + ((values[other] as number) - first) * share;
}
