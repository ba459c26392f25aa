import type { PictureFormat } from '../../image/options.js';

export type PictureKind = 'cutout' | 'mask';

/** Where the settlement of one input lies. */
export interface OutputPlace {
  readonly bucket: string;
  readonly recordKey: string;
  readonly deadLetterKey: string;
  /** Which kinds of picture there are, and in which format, only options and the picture itself decide. */
  readonly pictureKey: (kind: PictureKind, format: PictureFormat) => string;
}

/** Every key that a picture of the input may have. */
export function pictureKeys({ pictureKey }: OutputPlace): string[] {
  const formats = Object.keys(FORMATS) as PictureFormat[];
  return formats.flatMap((format) => [pictureKey('cutout', format), pictureKey('mask', format)]);
}

/** Written so that the compiler misses one that is forgotten. */
const FORMATS: Readonly<Record<PictureFormat, true>> = { png: true, webp: true, avif: true, jpg: true };
