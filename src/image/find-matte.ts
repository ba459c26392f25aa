import { applyVerdict } from './apply-verdict.js';
import type { MatteSource } from './cutout.js';
import type { Picture } from './decode.js';
import { refineEdges } from './edges/refine-edges.js';
import { decontaminate } from './foreground/decontaminate.js';
import { hardenEdges } from './hard-edges.js';
import { type Matte, resizeMatte } from './matte.js';
import { toSrgb } from './metadata/icc.js';
import { cropPadding, squareAround, toModelInput } from './model-input.js';
import type { PictureOptions } from './options.js';
import { applyOwnAlpha } from './own-alpha.js';
import { placeInPicture, regionBox } from './region.js';
import { judge, type Verdict } from './verdict.js';

/** The matte of a picture at its full size, all but what is about the canvas being done to it. */
export interface FoundMatte {
  readonly matte: Matte;
  /** Mean alpha, of the region if there is one, 0..1. */
  readonly coverage: number;
  readonly verdict: Verdict;
  /** Milliseconds that the picture waited for the model's answer. */
  readonly inferMs: number;
  /** Milliseconds until the model was asked, from the call on. */
  readonly prepareMs: number;
}

/**
 * Asks the model, judges its matte, brings it to the picture's size, and takes the background out of the picture's
 * colours at the edges, in place. `icc`: the profile that the picture is in, where that is not sRGB. Throws
 * OPTIONS_INVALID, NO_SUBJECT, and what `mattes.infer` throws.
 */
export async function findMatte(
  picture: Picture,
  mattes: MatteSource,
  options: PictureOptions,
  icc: Uint8Array | undefined,
): Promise<FoundMatte> {
  const startedAt = performance.now();
  const region = regionBox(options.region, picture);
  const seen = await toModelInput(picture, mattes.side, mattes.framing, region);
  const input = icc === undefined ? seen : await toSrgb(seen, mattes.side, icc);
  const preparedAt = performance.now();

  const inferred = await mattes.infer(input);
  const inferMs = performance.now() - preparedAt;
  const verdict = judge(inferred, squareAround(region, mattes.framing), region);
  const { data, side, coverage } = applyVerdict(inferred, verdict, options.noSubject);

  const shown = cropPadding({ data, side }, region, mattes.framing);
  const matte = placeInPicture(resizeMatte(shown, region.width, region.height), region, picture);
  if (verdict.box !== undefined) refineEdges(picture, matte, verdict.box);
  if (options.decontaminate && options.output !== 'mask') decontaminate(picture, matte);
  if (options.edges === 'hard') hardenEdges(matte);
  applyOwnAlpha(picture, matte);
  return { matte, coverage, verdict, inferMs, prepareMs: preparedAt - startedAt };
}
