import { unknownKind } from '../sharp-errors.js';
import { readTags } from './read-tags.js';

// Tags and their values: TIFF 6.0, sections 8 and 20 to 23.
const BITS = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const SAMPLE_FORMAT = 339;
const RGB = 2;
const YCBCR = 6;
const CIELAB = 8;
/** White or black is zero, RGB, palette, inks. */
const PLAIN = [0, 1, 2, 3, 5];
/** Old JPEG and JPEG, whose decoder makes RGB of YCbCr. */
const JPEG = [6, 7];
const FLOATING_POINT = 3;

/**
 * Throws FORMAT_UNSUPPORTED for TIFFs whose samples libvips would take for what they are not (YCbCr outside of JPEG, the
 * mosaics of cameras, numbers without a scale) or refuse without saying why.
 */
export function refuseUnreadableTiff(file: Uint8Array): void {
  const tags = readTags(file, [BITS, COMPRESSION, PHOTOMETRIC, SAMPLE_FORMAT]);
  const kind = tags.get(PHOTOMETRIC) ?? 1;
  const bits = tags.get(BITS) ?? 1;
  // Of RGB in floating point white is 1; of all other long numbers it may be anything.
  const isScaled = bits <= 16 || (kind === RGB && tags.get(SAMPLE_FORMAT) === FLOATING_POINT);
  if (PLAIN.includes(kind) && isScaled) return;
  if (PLAIN.includes(kind))
    throw unknownKind(`a TIFF of ${bits} bits a channel that does not say what white is`);
  if (kind === YCBCR && JPEG.includes(tags.get(COMPRESSION) ?? 1)) return;
  if (kind === CIELAB && bits !== 8) return;
  if (kind === YCBCR) throw unknownKind('a TIFF in YCbCr without JPEG compression');
  if (kind === CIELAB) throw unknownKind('a TIFF in CIELAB with 8 bits a channel, not 16');
  throw unknownKind(`a TIFF with the photometric interpretation ${kind}`);
}
