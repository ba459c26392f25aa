import { ClearcutError } from '../../errors.js';
import { profileOfCicp } from '../color/cicp.js';
import { layOutTiff } from '../tiff/raw-tiff.js';
import { LibHeif, tooMuchMemory } from './libheif.js';

// heif_colorspace, heif_chroma and heif_channel of heif_image.h.
const COLORSPACE_RGB = 1;
const INTERLEAVED = { 8: { 3: 10, 4: 11 }, 16: { 3: 14, 4: 15 } } as const;
const CHANNEL_INTERLEAVED = 10;
/** heif_color_profile_type_nclx, by its letters; the others are ICC profiles. */
const NCLX = 0x6e636c78;

/**
 * The primary image of a HEIF file as an uncompressed TIFF of 8 bits, or of 16 where the file has more than 8: turned,
 * mirrored and cropped as the file says, with its ICC profile or one made of its code points. Throws IMAGE_CORRUPT
 * and FORMAT_UNSUPPORTED.
 */
export function decodeHeif(file: Uint8Array, maxMemory: number): Uint8Array<ArrayBuffer> {
  try {
    return toTiff(new LibHeif(maxMemory), file);
  } catch (error) {
    if (error instanceof ClearcutError) throw error;
    // Where it has no way to say it, libheif ends its run.
    throw tooMuchMemoryOr(error);
  }
}

function tooMuchMemoryOr(error: unknown): Error {
  if (!(error instanceof WebAssembly.RuntimeError)) return error as Error;
  return error.message.includes('OOM') ? tooMuchMemory() : corrupt(error);
}

function corrupt(cause: unknown): ClearcutError {
  return new ClearcutError('IMAGE_CORRUPT', 'The picture cannot be decoded: its decoder gave up.', { cause });
}

function toTiff(heif: LibHeif, file: Uint8Array): Uint8Array<ArrayBuffer> {
  const { calls } = heif;
  const context = calls._heif_context_alloc();
  const fileAt = heif.allocate(file.length);
  heif.bytes.set(file, fileAt);
  heif.call('_heif_context_read_from_memory_without_copy', context, fileAt, file.length, 0);
  const handle = heif.resultOf('_heif_context_get_primary_image_handle', [context]);
  const profile = profileOf(heif, handle);
  const channels = calls._heif_image_handle_has_alpha_channel(handle) === 0 ? 3 : 4;
  const bits = calls._heif_image_handle_get_luma_bits_per_pixel(handle) > 8 ? 16 : 8;
  const chroma = INTERLEAVED[bits][channels];

  const options = 0;
  const image = heif.resultOf('_heif_decode_image', [handle], [COLORSPACE_RGB, chroma, options]);
  const width = calls._heif_image_get_width(image, CHANNEL_INTERLEAVED);
  const height = calls._heif_image_get_height(image, CHANNEL_INTERLEAVED);
  const isPremultiplied = calls._heif_image_handle_is_premultiplied_alpha(handle) !== 0;
  const usedBits = calls._heif_image_get_bits_per_pixel_range(image, CHANNEL_INTERLEAVED);
  const { at, stride } = heif.interleavedPlane(image, CHANNEL_INTERLEAVED);
  const { bytes, samples } = layOutTiff({ width, height, channels, bits, isPremultiplied, profile });
  const plane = heif.bytes.subarray(at, at + stride * height);
  const rowBytes = (width * channels * bits) / 8;
  for (let y = 0; y < height; y++)
    samples.set(plane.subarray(y * stride, y * stride + rowBytes), y * rowBytes);
  if (bits === 16) spreadBits(samples, usedBits);
  return bytes;
}

function profileOf(heif: LibHeif, handle: number): Uint8Array | undefined {
  const { calls } = heif;
  const type = calls._heif_image_handle_get_color_profile_type(handle);
  if (type === 0) return undefined;
  if (type === NCLX) {
    const nclx = heif.resultOf('_heif_image_handle_get_nclx_color_profile', [handle]);
    return profileOfCicp({ primaries: heif.read32(nclx + 4), transfer: heif.read32(nclx + 8) });
  }
  const size = calls._heif_image_handle_get_raw_color_profile_size(handle);
  const at = heif.allocate(size);
  heif.call('_heif_image_handle_get_raw_color_profile', handle, at);
  return heif.bytes.slice(at, at + size);
}

/** Little-endian samples of fewer bits to all 16: the highest stays the highest. */
function spreadBits(samples: Uint8Array, bits: number): void {
  const view = new DataView(samples.buffer, samples.byteOffset, samples.length);
  for (let at = 0; at < samples.length; at += 2) {
    const value = view.getUint16(at, true);
    view.setUint16(at, (value << (16 - bits)) | (value >> (2 * bits - 16)), true);
  }
}
