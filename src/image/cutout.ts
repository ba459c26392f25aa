import { cutOutFrames, isAnimated } from './animation/cut-out-frames.js';
import { layOut } from './compose/layout.js';
import { findSubject } from './compose/subject-box.js';
import { refuseContradictions } from './contradictions.js';
import { decode } from './decode.js';
import { decodeDeep } from './deep/decode-deep.js';
import { type PictureFiles, writeFiles } from './files.js';
import { findMatte } from './find-matte.js';
import type { Box } from './geometry.js';
import { readEmbedded } from './metadata/embedded.js';
import type { Framing } from './model-input.js';
import type { PictureOptions } from './options.js';
import { releaseMemory } from './release-memory.js';
import type { Verdict } from './verdict.js';

/** What makes mattes: the inference engine, as this folder sees it. */
export interface MatteSource {
  /** Pixels: the side of the square picture that `infer` takes. */
  readonly side: number;
  /** How pictures become such squares; stretched unless given. */
  readonly framing?: Framing | undefined;
  infer(rgb: Uint8Array<ArrayBuffer>): Promise<ModelMatte>;
}

export interface ModelMatte {
  /** side x side, one channel: 0 = background, 255 = subject. */
  readonly data: Uint8Array;
  readonly side: number;
  /** Mean, 0..1. */
  readonly coverage: number;
  /** The smallest and largest value that the network gave, 0..1. */
  readonly rawRange: { readonly min: number; readonly max: number };
  /** Whether 0 and 255 stand for the ends of that range, and not for 0 and 1; no unless given. */
  readonly isStretched?: boolean;
}

export interface CutoutResult {
  readonly files: PictureFiles;
  /** Mean alpha of the matte, of the region if there is one, 0..1. */
  readonly coverage: number;
  /** Where the subject is in the files, in pixels; undefined where there is none. */
  readonly subject: Box | undefined;
  /** Whether there is a subject at all, as the matte says. */
  readonly verdict: Verdict;
  /** Milliseconds by stage. */
  readonly timings: Readonly<Record<'decode' | 'infer' | 'compose' | 'encode', number>>;
}

/**
 * From the bytes of an image to the files that the options ask for. Call inspect() and inspectOptions() first: they
 * hold the image and the options against the limits, and tell how much memory this takes. It keeps its thread busy for a
 * quarter of a second at 12 megapixels: the service calls it in threads of its own (picture-threads.ts). Throws
 * IMAGE_CORRUPT, OPTIONS_INVALID, NO_SUBJECT, and what `mattes.infer` throws.
 */
export async function cutOut(
  bytes: Uint8Array,
  mattes: MatteSource,
  options: PictureOptions,
): Promise<CutoutResult> {
  const startedAt = performance.now();
  refuseContradictions(options);
  if (options.frames === 'all' && (await isAnimated(bytes)))
    return await cutOutFrames(bytes, mattes, options);
  const embedded = await readEmbedded(bytes, options);
  const colours = { keepsProfile: embedded.icc !== undefined };
  const picture = await decode(bytes, colours);
  const decodedAt = performance.now();

  const found = await findMatte(picture, mattes, options, embedded.icc);
  const { matte, coverage, verdict } = found;
  const subject = findSubject(matte);
  const layout = layOut(picture, subject, options);
  const composedAt = performance.now();

  const readDeep = () => decodeDeep(bytes, colours);
  const files = await writeFiles({ picture, matte, subject, layout, embedded, readDeep }, options);
  releaseMemory([matte.data as Uint8Array<ArrayBuffer>]);
  return {
    files,
    coverage,
    subject: layout.subject,
    verdict,
    timings: {
      decode: decodedAt - startedAt + found.prepareMs,
      infer: found.inferMs,
      compose: composedAt - decodedAt - found.prepareMs - found.inferMs,
      encode: performance.now() - composedAt,
    },
  };
}
