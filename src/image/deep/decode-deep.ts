import { type ColourOptions, readAsSrgb } from '../decode.js';
import type { Size } from '../geometry.js';

/** A picture in memory as decode.ts has it, with 16 bits a channel: 65535 is all of it. */
export interface DeepPicture extends Size {
  readonly data: Uint16Array;
  readonly channels: 3 | 4;
}

/** Decodes the first frame with 16 bits, upright and in sRGB. Throws what decode() throws. */
export async function decodeDeep(bytes: Uint8Array, options: ColourOptions = {}): Promise<DeepPicture> {
  const { data, info } = await readAsSrgb(bytes, options, (source) =>
    source.toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true }),
  );
  return {
    data: new Uint16Array(data.buffer, data.byteOffset, data.length / 2),
    width: info.width,
    height: info.height,
    channels: info.channels === 4 ? 4 : 3,
  };
}
