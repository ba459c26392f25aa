import { fileTypeFromBuffer } from 'file-type';
import { ClearcutError } from '../errors.js';

/** The formats that are decoded. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif';

const ALLOWED: Readonly<Record<string, ImageFormat>> = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  // Animated PNG: every PNG decoder reads its default image.
  'image/apng': 'png',
  'image/webp': 'webp',
  'image/avif': 'avif',
  'image/tiff': 'tiff',
  'image/gif': 'gif',
};

const HEIC_REMEDY =
  'Convert it to JPEG first. On an iPhone: Settings > Camera > Formats > Most Compatible makes new pictures JPEG.';

/** How much of a text is looked at to name it in the refusal. */
const TEXT_SAMPLE_BYTES = 1024;

/**
 * The format of an image by its magic bytes; names and content types are never believed. Everything that is not on
 * the allow-list is refused with FORMAT_UNSUPPORTED, which names what it is: SVG and other documents could make a
 * decoder fetch or run things, HEIC needs a licensed decoder.
 */
export async function sniffFormat(bytes: Uint8Array): Promise<ImageFormat> {
  if (bytes.length === 0) throw new ClearcutError('IMAGE_EMPTY', 'The object is empty.');
  const type = await fileTypeFromBuffer(bytes).catch(() => undefined);
  const format = type && ALLOWED[type.mime];
  if (format !== undefined) return format;

  const name = type === undefined ? nameOfText(bytes) : `${type.ext.toUpperCase()} (${type.mime})`;
  const isHeic = type !== undefined && /^image\/hei[cf]/.test(type.mime);
  throw new ClearcutError(
    'FORMAT_UNSUPPORTED',
    `This is not an image of a supported format: it looks like ${name}.`,
    isHeic ? { remedy: HEIC_REMEDY } : {},
  );
}

function nameOfText(bytes: Uint8Array): string {
  const sample = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, TEXT_SAMPLE_BYTES));
  if (sample.includes(0)) return 'unknown binary data';
  const text = sample.toString('utf8').trimStart();
  if (/<svg[\s>]/i.test(text)) return 'SVG';
  if (/^<(!doctype )?html/i.test(text)) return 'an HTML page';
  return text.startsWith('<') ? 'XML' : 'text';
}
