import sharp from 'sharp';
import { metadataChunks } from '../png/metadata-chunks.js';
import { writePng } from '../png/write-png.js';

/** Square RGB pixels in the colours of a profile, brought to sRGB; in a buffer of their own. */
export async function toSrgb(
  rgb: Uint8Array,
  side: number,
  icc: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  // A profile reaches libvips only inside of a file.
  const file = writePng(
    side,
    side,
    (y, row) => {
      for (let x = 0, at = y * side * 3; x < side; x++, at += 3) {
        row[x] =
          (rgb[at] as number) | ((rgb[at + 1] as number) << 8) | ((rgb[at + 2] as number) << 16) | 0xff000000;
      }
      return { from: 0, to: side };
    },
    metadataChunks({ icc }),
  );
  return new Uint8Array(await sharp(file).removeAlpha().toColourspace('srgb').raw().toBuffer());
}
