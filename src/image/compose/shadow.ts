import type { Cutout } from '../compose.js';
import { type Box, boxBetween } from '../geometry.js';
import type { Matte } from '../matte.js';
import type { Shadow } from '../options.js';
import { blur, blurReach, type Plane } from './blur.js';
import type { Layout } from './layout.js';

/** Standard deviations of a shadow need no more cells than this: it is made small, blurred and stretched. */
const CELLS_A_DEVIATION = 4;
/** From 255 to the 16 bits of a plane. */
const TO_16_BITS = 257;

/** In pixels of the picture. */
interface Measures {
  readonly deviation: number;
  readonly offsetX: number;
  readonly offsetY: number;
}

/** As in CSS, the standard deviation is half of the blur. */
function measure({ width, height }: Box, { blur, offsetX, offsetY }: Shadow): Measures {
  const unit = Math.max(width, height);
  return { deviation: (blur / 2) * unit, offsetX: offsetX * unit, offsetY: offsetY * unit };
}

/** Where the shadow of a subject falls, in pixels of the picture, which it may leave. */
export function shadowBox(subject: Box, shadow: Shadow): Box {
  const { deviation, offsetX, offsetY } = measure(subject, shadow);
  const reach = blurReach(deviation);
  return boxBetween(
    Math.floor(subject.left + offsetX - reach),
    Math.floor(subject.top + offsetY - reach),
    Math.ceil(subject.left + subject.width + offsetX + reach),
    Math.ceil(subject.top + subject.height + offsetY + reach),
  );
}

/** The shadow that the subject in `box` of the picture throws, on the canvas: black, put together a row at a time. */
export function castShadow(matte: Matte, box: Box, shadow: Shadow, layout: Layout): Cutout {
  const { deviation, offsetX, offsetY } = measure(box, shadow);
  const cell = Math.max(1, Math.floor(deviation / CELLS_A_DEVIATION));
  // One more than the blur reaches: the border of the plane is 0, and so is all beyond.
  const margin = Math.ceil(blurReach(deviation / cell)) + 1;
  const plane = shrink(matte, box, cell, margin);
  blur(plane, deviation / cell);
  const across = placesOnPlane(layout.width, plane.width, {
    origin: layout.left + layout.scale * (box.left + offsetX - margin * cell),
    cell: layout.scale * cell,
  });
  const down = placesOnPlane(layout.height, plane.height, {
    origin: layout.top + layout.scale * (box.top + offsetY - margin * cell),
    cell: layout.scale * cell,
  });
  const line = new Float32Array(plane.width);
  const strength = shadow.opacity / TO_16_BITS;
  return {
    width: layout.width,
    height: layout.height,
    readRow(y, row) {
      if (y < down.from || y >= down.to) return { from: 0, to: 0 };
      blendRows(plane, down.cells[y] as number, down.parts[y] as number, strength, line);
      for (let x = across.from; x < across.to; x++) {
        const at = across.cells[x] as number;
        const here = line[at] as number;
        const alpha = here + ((line[at + 1] as number) - here) * (across.parts[x] as number);
        row[x] = ((alpha + 0.5) | 0) << 24;
      }
      return { from: across.from, to: across.to };
    },
  };
}

/** The matte in the box as means of cells of `cell` x `cell` pixels, with `margin` empty cells around it. */
function shrink(matte: Matte, box: Box, cell: number, margin: number): Plane {
  const width = Math.ceil(box.width / cell) + 2 * margin;
  const height = Math.ceil(box.height / cell) + 2 * margin;
  const data = new Uint16Array(width * height);
  const sums = new Float64Array(width);
  for (let row = 0; row * cell < box.height; row++) {
    sums.fill(0);
    for (let y = row * cell; y < Math.min((row + 1) * cell, box.height); y++) {
      const start = (box.top + y) * matte.width + box.left;
      for (let x = 0, place = margin; x < box.width; place++) {
        let sum = 0;
        for (const end = Math.min(x + cell, box.width); x < end; x++) sum += matte.data[start + x] as number;
        sums[place] = (sums[place] as number) + sum;
      }
    }
    const start = (margin + row) * width;
    for (let x = 0; x < width; x++) data[start + x] = ((sums[x] as number) * TO_16_BITS) / cell ** 2 + 0.5;
  }
  return { data, width, height };
}

/** For each pixel of a side of the canvas from `from` to `to`, the two cells it lies between, and where between. */
interface Places {
  readonly from: number;
  readonly to: number;
  readonly cells: Int32Array;
  readonly parts: Float32Array;
}

/** `origin`: where on the canvas the plane begins; `cell`: how many of its pixels a cell covers. */
function placesOnPlane(
  side: number,
  planeSide: number,
  { origin, cell }: { origin: number; cell: number },
): Places {
  const cells = new Int32Array(side);
  const parts = new Float32Array(side);
  let from = side;
  let to = 0;
  for (let at = 0; at < side; at++) {
    const place = (at + 0.5 - origin) / cell - 0.5;
    const first = Math.floor(place);
    if (first < 0 || first + 1 >= planeSide) continue;
    cells[at] = first;
    parts[at] = place - first;
    from = Math.min(from, at);
    to = at + 1;
  }
  return { from: Math.min(from, to), to, cells, parts };
}

/** The values between two rows of the plane, times `strength`. */
function blendRows({ data, width }: Plane, row: number, part: number, strength: number, line: Float32Array) {
  for (let x = 0, at = row * width; x < width; x++, at++) {
    const here = data[at] as number;
    line[x] = (here + ((data[at + width] as number) - here) * part) * strength;
  }
}
