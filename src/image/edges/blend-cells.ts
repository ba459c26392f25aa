import type { Picture } from '../decode.js';
import type { Matte } from '../matte.js';
import { LINE, TRUST } from './colour-line.js';
import type { Grid } from './grid.js';

/** Noise makes what is pure a little more or less: what the colours say is stretched by this much at each end. */
const NEARLY = 0.05;
const STRETCH = 255 / (1 - 2 * NEARLY);
/** Squared change that counts half, over the variance that a level has (trust.ts); and what that is at the least. */
const HALF_CHANGE = 4;
const LEAST_VARIANCE = 650;

/** Moves the soft pixels of the changed cells to what the lines say, as far as these are trusted. */
export function blendCells(
  picture: Picture,
  matte: Matte,
  grid: Grid,
  lines: Float32Array,
  isChanged: Uint8Array,
): void {
  const { columns, rows, step, box } = grid;
  const line = new Float32Array(columns * LINE);
  const bottom = box.top + box.height;
  for (let row = 0; row < rows; row++) {
    const runs = runsOf(isChanged, row * columns, columns);
    if (runs.length === 0) continue;
    const firstY = box.top + row * step;
    for (let y = firstY; y < Math.min(firstY + step, bottom); y++) {
      const place = (y - box.top + 0.5) / step - 0.5;
      for (const { from, to } of runs) {
        mixRows(lines, line, columns, rows, place, Math.max(0, from - 1), Math.min(columns, to + 1));
        blendRun(picture, matte, grid, line, y, from, to);
      }
    }
  }
}

interface Run {
  readonly from: number;
  readonly to: number;
}

function runsOf(isSet: Uint8Array, start: number, count: number): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < count; at++) {
    if (isSet[start + at] === 0) continue;
    const from = at;
    while (at < count && isSet[start + at] === 1) at += 1;
    runs.push({ from, to: at });
  }
  return runs;
}

/** The cells of a row of pixels that lies between the middles of two rows of cells. */
function mixRows(
  lines: Float32Array,
  line: Float32Array,
  columns: number,
  rows: number,
  place: number,
  from: number,
  to: number,
): void {
  const upper = Math.min(Math.max(Math.floor(place), 0), rows - 1);
  const lower = Math.min(Math.max(Math.floor(place) + 1, 0), rows - 1);
  const share = place - Math.floor(place);
  const above = upper * columns * LINE;
  const below = lower * columns * LINE;
  for (let at = from * LINE; at < to * LINE; at++) {
    const value = lines[above + at] as number;
    line[at] = value + ((lines[below + at] as number) - value) * share;
  }
}

function blendRun(
  { data, channels, width }: Picture,
  matte: Matte,
  { columns, step, box }: Grid,
  line: Float32Array,
  y: number,
  from: number,
  to: number,
): void {
  const levels = matte.data;
  const lastCell = (columns - 1) * LINE;
  const end = Math.min(box.left + to * step, box.left + box.width);
  const perPixel = 1 / step;
  for (let x = box.left + from * step; x < end; x++) {
    const at = y * width + x;
    const level = levels[at] as number;
    if (level === 0 || level === 255) continue;
    const place = (x - box.left + 0.5) * perPixel - 0.5;
    const left = Math.floor(place);
    const share = place - left;
    const cell = left < 0 ? 0 : left * LINE;
    const next = Math.min((left + 1) * LINE, lastCell);
    const pixel = at * channels;
    const red = data[pixel] as number;
    const green = data[pixel + 1] as number;
    const blue = data[pixel + 2] as number;
    const before = alphaOf(line, cell, red, green, blue);
    const seen = before + (alphaOf(line, next, red, green, blue) - before) * share;
    const said = (seen - NEARLY) * STRETCH;
    const change = Math.min(Math.max(0, said), 255) - level;
    // What the matte is nearly sure of takes more than a colour to change: a dark outline before a dark wall.
    const variance = HALF_CHANGE * (level * (255 - level) + LEAST_VARIANCE);
    const trustBefore = line[cell + TRUST] as number;
    const trust = trustBefore + ((line[next + TRUST] as number) - trustBefore) * share;
    levels[at] = (level + (trust * change * variance) / (variance + change * change) + 0.5) | 0;
  }
}

function alphaOf(line: Float32Array, cell: number, red: number, green: number, blue: number): number {
  return (
    (line[cell] as number) * red +
    (line[cell + 1] as number) * green +
    (line[cell + 2] as number) * blue +
    (line[cell + 3] as number)
  );
}
