import { refuseContradictions } from './check-options.js';
import { layOut } from './compose/layout.js';
import { findSubject } from './compose/subject-box.js';
import { decode } from './decode.js';
import { type PictureFiles, writeFiles } from './files.js';
import type { Box } from './geometry.js';
import { hardenEdges } from './hard-edges.js';
import { resizeMatte } from './matte.js';
import { readEmbedded } from './metadata/embedded.js';
import { toSrgb } from './metadata/icc.js';
import { toModelInput } from './model-input.js';
import type { PictureOptions } from './options.js';
import { applyOwnAlpha } from './own-alpha.js';
import { placeInPicture, regionBox } from './region.js';

/** What makes mattes: the inference engine, as this folder sees it. */
export interface MatteSource {
  /** Pixels: the side of the square picture that `infer` takes. */
  readonly side: number;
  infer(rgb: Uint8Array<ArrayBuffer>): Promise<ModelMatte>;
}

export interface ModelMatte {
  /** side x side, one channel: 0 = background, 255 = subject. */
  readonly data: Uint8Array;
  readonly side: number;
  /** Mean, 0..1. */
  readonly coverage: number;
}

export interface CutoutResult {
  readonly files: PictureFiles;
  /** Mean alpha of the matte, of the region if there is one, 0..1. */
  readonly coverage: number;
  /** Where the subject is in the files, in pixels; undefined where there is none. */
  readonly subject: Box | undefined;
  /** Milliseconds by stage. */
  readonly timings: Readonly<Record<'decode' | 'infer' | 'compose' | 'encode', number>>;
}

/**
 * From the bytes of an image to the files that the options ask for: one frame, 8 bits a channel. Call inspect() and inspectOptions() first: they
 * hold the image and the options against the limits, and tell how much memory this takes. It keeps its thread busy for a
 * quarter of a second at 12 megapixels: the service calls it in threads of its own (picture-threads.ts). Throws
 * IMAGE_CORRUPT, OPTIONS_INVALID, and what `mattes.infer` throws.
 */
export async function cutOut(
  bytes: Uint8Array,
  mattes: MatteSource,
  options: PictureOptions,
): Promise<CutoutResult> {
  const startedAt = performance.now();
  refuseContradictions(options);
  const embedded = await readEmbedded(bytes, options);
  const picture = await decode(bytes, { keepsProfile: embedded.icc !== undefined });
  const region = regionBox(options.region, picture);
  const seen = await toModelInput(picture, mattes.side, region);
  const input = embedded.icc === undefined ? seen : await toSrgb(seen, mattes.side, embedded.icc);
  const decodedAt = performance.now();

  const { data, side, coverage } = await mattes.infer(input);
  const inferredAt = performance.now();
  // The model has spoken and nothing is made yet: the place to turn away a picture without a subject.

  const regionMatte = resizeMatte({ data, width: side, height: side }, region.width, region.height);
  const matte = placeInPicture(regionMatte, region, picture);
  // The matte at full size and the picture's own colours: whoever refines either does it here, in place.
  if (options.edges === 'hard') hardenEdges(matte);
  applyOwnAlpha(picture, matte);
  const subject = findSubject(matte);
  const layout = layOut(picture, subject, options);
  const composedAt = performance.now();

  const files = await writeFiles({ picture, matte, subject, layout, embedded }, options);
  return {
    files,
    coverage,
    subject: layout.subject,
    timings: {
      decode: decodedAt - startedAt,
      infer: inferredAt - decodedAt,
      compose: composedAt - inferredAt,
      encode: performance.now() - composedAt,
    },
  };
}
