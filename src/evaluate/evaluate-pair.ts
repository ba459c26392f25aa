import { ClearcutError } from '../errors.js';
import type { ColourPicture } from './colour-error.js';
import { drawRow, type SheetRow } from './contact-sheet.js';
import { isAlphaTruth } from './is-alpha.js';
import type { Plane } from './plane.js';
import { type MaskPicture, readMask } from './read-mask.js';
import { type Scores, scoresOf } from './scores.js';

/** One picture with all that is known of it, as the bytes of image files. */
export interface PairBytes {
  readonly picture: Uint8Array;
  /** What to evaluate: a cut-out, or what another program made of the picture, cut-out or matte. */
  readonly result: Uint8Array;
  readonly resultKind?: 'cutout' | undefined;
  readonly truth: Uint8Array;
  readonly trimap?: Uint8Array | undefined;
  /** The true cut-out: its colours count. */
  readonly trueColours?: Uint8Array | undefined;
}

export interface PairOptions {
  /** Whether greys of the truth are alphas; `auto` looks at each truth. */
  readonly alpha: boolean | 'auto';
  readonly withRow: boolean;
}

export interface EvaluatedPair {
  readonly scores: Scores;
  /** For a contact sheet, where asked for. */
  readonly row: SheetRow | undefined;
}

/** Throws IMAGE_CORRUPT, and TRUTH_INVALID where the truth (or the trimap, or the colours) is not the result's size. */
export async function evaluatePair(bytes: PairBytes, options: PairOptions): Promise<EvaluatedPair> {
  const result = await readMask(bytes.result, bytes.resultKind);
  const { mask: truth } = await readMask(bytes.truth);
  requireSameSize('ground truth', truth, result);
  const trimap = bytes.trimap && (await readMask(bytes.trimap)).mask;
  if (trimap !== undefined) requireSameSize('trimap', trimap, result);
  const trueColours = bytes.trueColours && (await readMask(bytes.trueColours));
  if (trueColours !== undefined) requireSameSize('foreground', trueColours.mask, result);

  const matte = result.mask;
  const scores = scoresOf({
    matte,
    truth,
    isAlpha: options.alpha === 'auto' ? isAlphaTruth(truth) : options.alpha,
    trimap,
    // A matte alone has no colours to compare.
    colours:
      trueColours && result.isCutout
        ? { cutout: result.colours, truth: withAlpha(trueColours.colours, truth) }
        : undefined,
  });
  return { scores, row: options.withRow ? await drawRow(bytes.picture, truth, matte) : undefined };
}

function requireSameSize(what: string, { width, height }: Plane, { mask }: MaskPicture): void {
  if (width === mask.width && height === mask.height) return;
  throw new ClearcutError(
    'TRUTH_INVALID',
    `The ${what} is ${width} x ${height} pixels, the picture ${mask.width} x ${mask.height}.`,
  );
}

/** Foregrounds are published with their alpha or, as often, without. */
function withAlpha(colours: ColourPicture, truth: Plane): ColourPicture {
  const data = Uint8Array.from(colours.data);
  for (const [at, alpha] of truth.data.entries()) data[4 * at + 3] = alpha;
  return { ...colours, data };
}
