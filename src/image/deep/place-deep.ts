import sharp from 'sharp';
import { isIdentity, type Layout, onCanvas } from '../compose/layout.js';
import { visiblePart } from '../compose/place.js';
import { intersection, type Size, wholeOf } from '../geometry.js';

/** RGBA with 16 bits a channel, straight alpha, rows from the top. */
export interface DeepCutout extends Size {
  readonly data: Uint16Array;
}

/** The cut-out as it lies on the canvas, as placeCutout of place.ts does it with 8 bits. */
export async function placeDeep(cutout: DeepCutout, layout: Layout): Promise<DeepCutout> {
  if (isIdentity(layout, cutout)) return cutout;
  if (layout.scale === 1) return moved(cutout, layout, layout);
  const window = visiblePart(cutout, layout);
  if (window === undefined) return moved(cutout, { left: layout.width, top: 0 }, layout);
  const target = onCanvas(window, layout);
  const { width, height } = cutout;
  const { data } = await sharp(cutout.data, {
    raw: { width, height, channels: 4 },
    limitInputPixels: false,
  })
    .extract({ left: window.left, top: window.top, width: window.width, height: window.height })
    .resize(target.width, target.height, { fit: 'fill' })
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const resized = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return moved({ data: resized, width: target.width, height: target.height }, target, layout);
}

/** The same pixels with their top left corner elsewhere on a canvas, which cuts off what is beyond it. */
function moved(
  cutout: DeepCutout,
  { left, top }: { readonly left: number; readonly top: number },
  { width, height }: Size,
): DeepCutout {
  const data = new Uint16Array(width * height * 4);
  const { width: across, height: down } = cutout;
  const shown = intersection({ left, top, width: across, height: down }, wholeOf({ width, height }));
  for (let y = shown.top; y < shown.top + shown.height; y++) {
    const start = ((y - top) * across + shown.left - left) * 4;
    data.set(cutout.data.subarray(start, start + shown.width * 4), (y * width + shown.left) * 4);
  }
  return { data, width, height };
}
