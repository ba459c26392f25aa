import type { Layout } from './compose/layout.js';
import { placeMatte } from './compose/place.js';
import { composeBehind, composeResult } from './compose/result.js';
import { isOpaque } from './compose.js';
import type { Picture } from './decode.js';
import { composeDeep, putBehind } from './deep/compose-deep.js';
import type { DeepPicture } from './deep/decode-deep.js';
import { encodeDeep } from './deep/encode-deep.js';
import { placeDeep } from './deep/place-deep.js';
import { type EncodedPicture, encodeCutout, encodeMask } from './encode.js';
import type { Box } from './geometry.js';
import type { Matte } from './matte.js';
import type { Embedded } from './metadata/embedded.js';
import type { PictureOptions } from './options.js';

export interface PictureFile extends EncodedPicture {
  readonly kind: 'cutout' | 'mask';
}

/** The cut-out, the mask, or both, the cut-out first. */
export type PictureFiles = readonly [PictureFile, ...PictureFile[]];

/** What a picture and its matte are, all decisions being made: `subject` is in the picture. */
export interface Composition {
  readonly picture: Picture;
  readonly matte: Matte;
  readonly subject: Box | undefined;
  readonly layout: Layout;
  readonly embedded: Embedded;
  /** The picture once more, with 16 bits. */
  readonly readDeep: () => Promise<DeepPicture>;
}

/** Composes and encodes the files that the options ask for, one after the other. */
export async function writeFiles(composition: Composition, options: PictureOptions): Promise<PictureFiles> {
  switch (options.output) {
    case 'cutout':
      return [await writeCutout(composition, options)];
    case 'mask':
      return [await writeMask(composition, options)];
    case 'both':
      return [await writeCutout(composition, options), await writeMask(composition, options)];
  }
}

async function writeCutout(composition: Composition, options: PictureOptions): Promise<PictureFile> {
  if (options.depth === 16) return await writeDeepCutout(composition, options);
  const { picture, matte, subject, layout, embedded } = composition;
  const result = await composeResult(picture, matte, subject, layout, options);
  const format = options.format === 'auto' ? (isOpaque(result) ? 'jpg' : 'png') : options.format;
  return { kind: 'cutout', ...(await encodeCutout(result, { format, quality: options.quality }, embedded)) };
}

async function writeDeepCutout(composition: Composition, options: PictureOptions): Promise<PictureFile> {
  const { picture, matte, subject, layout, embedded, readDeep } = composition;
  const behind = await composeBehind(matte, subject, layout, options);
  const result = await placeDeep(composeDeep(await readDeep(), picture, matte), layout);
  if (behind !== undefined) putBehind(result, behind);
  const bytes = await encodeDeep(result, embedded);
  const { width, height } = result;
  return { kind: 'cutout', bytes, format: 'png', contentType: 'image/png', width, height };
}

/** The subject alone: no shadow and no background. */
async function writeMask({ matte, layout }: Composition, options: PictureOptions): Promise<PictureFile> {
  const data = await placeMatte(matte, layout);
  // JPEG would smear the edges, which are all there is.
  const format = options.format === 'auto' ? 'png' : options.format;
  return { kind: 'mask', ...(await encodeMask(data, layout, { format, quality: options.quality })) };
}
