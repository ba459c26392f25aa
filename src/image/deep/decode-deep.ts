import { type ColourOptions, openAsSrgb } from '../decode.js';
import type { Size } from '../geometry.js';
import { toImageError } from '../sharp-errors.js';

/** A picture in memory as decode.ts has it, with 16 bits a channel: 65535 is all of it. */
export interface DeepPicture extends Size {
  readonly data: Uint16Array;
  readonly channels: 3 | 4;
}

/** Decodes the first frame with 16 bits, upright and in sRGB. Throws IMAGE_CORRUPT. */
export async function decodeDeep(bytes: Uint8Array, options: ColourOptions = {}): Promise<DeepPicture> {
  const source = await openAsSrgb(bytes, options);
  const { data, info } = await source
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
    .catch(toImageError);
  return {
    data: new Uint16Array(data.buffer, data.byteOffset, data.length / 2),
    width: info.width,
    height: info.height,
    channels: info.channels === 4 ? 4 : 3,
  };
}
