import { fileTypeFromBuffer } from 'file-type';
import { ClearcutError } from '../errors.js';
import { isAvif } from './heif/boxes.js';

/** The formats that are decoded. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'heic' | 'tiff' | 'gif';

const ALLOWED: Readonly<Record<string, ImageFormat>> = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  // Animated PNG: every PNG decoder reads its default image.
  'image/apng': 'png',
  'image/webp': 'webp',
  'image/avif': 'avif',
  'image/heic': 'heic',
  'image/heic-sequence': 'heic',
  // Of HEIF by no other name.
  'image/heif': 'heic',
  'image/heif-sequence': 'heic',
  'image/tiff': 'tiff',
  'image/gif': 'gif',
};

/** How much of a text is looked at to name it in the refusal. */
const TEXT_SAMPLE_BYTES = 1024;

/**
 * The format of an image by its magic bytes; names and content types are never believed. Everything that is not on
 * the allow-list is refused with FORMAT_UNSUPPORTED, which names what it is: SVG and other documents could make a
 * decoder fetch or run things.
 */
export async function sniffFormat(bytes: Uint8Array): Promise<ImageFormat> {
  if (bytes.length === 0) throw new ClearcutError('IMAGE_EMPTY', 'The object is empty.');
  const type = await fileTypeFromBuffer(bytes).catch(() => undefined);
  const format = type === undefined ? formatOfDamaged(bytes) : ALLOWED[type.mime];
  if (format !== undefined) return format === 'heic' && isAvif(bytes) ? 'avif' : format;

  const isText = type === undefined || type.mime === 'application/xml';
  const name = isText ? nameOfText(bytes) : `${type.ext.toUpperCase()} (${type.mime})`;
  throw new ClearcutError(
    'FORMAT_UNSUPPORTED',
    `This is not an image of a supported format: it looks like ${name}.`,
  );
}

function nameOfText(bytes: Uint8Array): string {
  const text = decodeText(bytes.subarray(0, TEXT_SAMPLE_BYTES))?.trimStart();
  if (text === undefined) return 'unknown binary data';
  if (/<svg[\s>]/i.test(text)) return 'SVG';
  if (/^<(!doctype )?html/i.test(text)) return 'an HTML page';
  return text.startsWith('<') ? 'XML' : 'text';
}

/** What ends early has often lost what tells it apart from its kin: let the decoder say what is wrong with it. */
function formatOfDamaged(bytes: Uint8Array): ImageFormat | undefined {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (start.startsWith('II*\0') || start.startsWith('MM\0*')) return 'tiff';
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  return start.startsWith('RIFF') && start.endsWith('WEBP') ? 'webp' : undefined;
}

/** Undefined where the bytes are not UTF-8, or hold a zero; a character that the sample cuts in two is dropped. */
function decodeText(sample: Uint8Array): string | undefined {
  if (sample.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true });
  } catch {
    return undefined;
  }
}
