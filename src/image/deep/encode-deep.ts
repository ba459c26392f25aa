import sharp from 'sharp';
import type { Embedded } from '../metadata/embedded.js';
import { metadataChunks } from '../png/metadata-chunks.js';
import { withChunks } from '../png/write-png.js';
import type { DeepCutout } from './place-deep.js';

/** A PNG of 16 bits a channel. libvips writes it: the project's own writer knows 8 bits only. */
export async function encodeDeep(
  { data, width, height }: DeepCutout,
  embedded: Embedded,
): Promise<Uint8Array<ArrayBuffer>> {
  const png = await sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false })
    .toColourspace('rgb16')
    .png({ compressionLevel: 2, adaptiveFiltering: true })
    .toBuffer();
  return withChunks(png, metadataChunks(embedded));
}
