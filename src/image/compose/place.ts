import sharp from 'sharp';
import { type Cutout, pixelsOf, readPixels } from '../compose.js';
import { type Box, boxBetween, intersection, type Size, wholeOf } from '../geometry.js';
import type { Matte } from '../matte.js';
import { isIdentity, type Layout, onCanvas } from './layout.js';

/** Pixels beyond the canvas that what is on it still takes a part of when it is resized. */
const KERNEL_REACH = 3;

/** The cut-out as it lies on the canvas. Colours are weighted by alpha where it is resized, so edges stay clean. */
export async function placeCutout(cutout: Cutout, layout: Layout): Promise<Cutout> {
  if (isIdentity(layout, cutout)) return cutout;
  if (layout.scale === 1) return moved(cutout, layout, layout);
  const window = visiblePart(cutout, layout);
  if (window === undefined) return blank(layout);
  const target = onCanvas(window, layout);
  const part = moved(cutout, { left: -window.left, top: -window.top }, window);
  const { width, height } = window;
  const data = await sharp(pixelsOf(part), { raw: { width, height, channels: 4 }, limitInputPixels: false })
    .resize(target.width, target.height, { fit: 'fill' })
    .raw()
    .toBuffer();
  return moved(readPixels(data, target), target, layout);
}

/** The matte as it lies on the canvas: a grey picture of the canvas' size. */
export async function placeMatte(matte: Matte, layout: Layout): Promise<Uint8Array> {
  if (isIdentity(layout, matte)) return matte.data;
  if (layout.scale === 1) return movedGrey(matte, layout, layout);
  const window = visiblePart(matte, layout);
  if (window === undefined) return new Uint8Array(layout.width * layout.height);
  const target = onCanvas(window, layout);
  const { width, height } = matte;
  const data = await sharp(matte.data, { raw: { width, height, channels: 1 }, limitInputPixels: false })
    .extract({ left: window.left, top: window.top, width: window.width, height: window.height })
    .resize(target.width, target.height, { fit: 'fill' })
    .toColourspace('b-w')
    .raw()
    .toBuffer();
  return movedGrey({ data, ...target }, target, layout);
}

/** The part of the picture that can be seen on the canvas, and a little around it. */
export function visiblePart(picture: Size, { width, height, scale, left, top }: Layout): Box | undefined {
  const reach = KERNEL_REACH * Math.max(1, 1 / scale);
  const seen = boxBetween(
    Math.floor(-left / scale - reach),
    Math.floor(-top / scale - reach),
    Math.ceil((width - left) / scale + reach),
    Math.ceil((height - top) / scale + reach),
  );
  const part = intersection(seen, wholeOf(picture));
  return part.width === 0 || part.height === 0 ? undefined : part;
}

/** The same pixels with their top left corner elsewhere on a canvas, which cuts off what is beyond it. */
function moved(cutout: Cutout, corner: { left: number; top: number }, { width, height }: Size): Cutout {
  const { left, top } = corner;
  const source = new Int32Array(cutout.width);
  return {
    width,
    height,
    readRow(y, row) {
      if (y < top || y >= top + cutout.height) return { from: 0, to: 0 };
      const extent = cutout.readRow(y - top, source);
      const from = Math.max(0, extent.from + left);
      const to = Math.min(width, extent.to + left);
      if (from >= to) return { from: 0, to: 0 };
      row.set(source.subarray(from - left, to - left), from);
      return { from, to };
    },
  };
}

function movedGrey(
  picture: { data: Uint8Array } & Size,
  { left, top }: { left: number; top: number },
  { width, height }: Size,
): Uint8Array {
  const data = new Uint8Array(width * height);
  const shown = intersection({ ...picture, left, top }, wholeOf({ width, height }));
  for (let y = shown.top; y < shown.top + shown.height; y++) {
    const start = (y - top) * picture.width + shown.left - left;
    data.set(picture.data.subarray(start, start + shown.width), y * width + shown.left);
  }
  return data;
}

function blank({ width, height }: Size): Cutout {
  return { width, height, readRow: () => ({ from: 0, to: 0 }) };
}
