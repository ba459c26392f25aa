import { type Cutout, readPixels } from '../compose.js';
import { readAsSrgb } from '../decode.js';
import type { Size } from '../geometry.js';
import type { Background } from '../options.js';

/** What lies behind all else on a canvas of that size; undefined where that is nothing. */
export async function openBackground(background: Background, canvas: Size): Promise<Cutout | undefined> {
  switch (background.kind) {
    case 'none':
      return undefined;
    case 'color':
      return background.rgba[3] === 0 ? undefined : plain(background.rgba, canvas);
    case 'image':
      return await covering(background.bytes, canvas);
  }
}

function plain([red, green, blue, alpha]: readonly number[], { width, height }: Size): Cutout {
  const pixel = Buffer.from([red, green, blue, alpha] as number[]).readInt32LE();
  return {
    width,
    height,
    readRow(_, row) {
      row.fill(pixel);
      return { from: 0, to: width };
    },
  };
}

/** As large as it must be to leave nothing of the canvas free, its middle in the middle. */
async function covering(bytes: Uint8Array, { width, height }: Size): Promise<Cutout> {
  const data = await readAsSrgb(bytes, {}, (source) =>
    source.resize(width, height, { fit: 'cover' }).ensureAlpha().raw({ depth: 'uchar' }).toBuffer(),
  );
  return readPixels(data, { width, height });
}
