import sharp, { type Metadata } from 'sharp';
import { isMediaContainer, withKnownBrand } from './heif/boxes.js';
import { toImageError } from './sharp-errors.js';

/** What libvips reads in the header of an image file, without a limit. Throws IMAGE_CORRUPT or FORMAT_UNSUPPORTED. */
export async function readHeader(file: Uint8Array): Promise<Metadata> {
  const known = isMediaContainer(file) ? withKnownBrand(file) : file;
  return await sharp(known, { limitInputPixels: false }).metadata().catch(toImageError);
}
