import { type AlphaErrors, alphaErrors, alphaErrorsInBand } from './alpha-errors.js';
import { type ColourPicture, colourErrors, type Ground } from './colour-error.js';
import { eMeasure } from './e-measure.js';
import { fMeasure } from './f-measure.js';
import type { Plane } from './plane.js';
import { sMeasure } from './s-measure.js';
import {
  adaptiveThreshold,
  countLevels,
  countsAbove,
  intersectionOverUnion,
  meanAbsoluteError,
} from './threshold-counts.js';
import { weightedFMeasure } from './weighted-f-measure.js';

/** How near a matte is to its ground truth, as subject or not: all 0..1, higher is better except for `mae`. */
export interface SubjectScores {
  readonly mae: number;
  readonly maxF: number;
  readonly meanF: number;
  readonly adaptiveF: number;
  readonly weightedF: number;
  readonly s: number;
  readonly maxE: number;
  readonly meanE: number;
  readonly adaptiveE: number;
  readonly iou: number;
}

/** What one matte is worth. */
export interface Scores {
  readonly subject: SubjectScores;
  /** F- and E-measure at each threshold 0..255. */
  readonly curves: Curves;
  /** Where the truth is an alpha. */
  readonly alpha: AlphaErrors | undefined;
  /** Where there is a trimap as well. */
  readonly band: AlphaErrors | undefined;
  /** Where the colours of the cut-out and of the truth are known. */
  readonly colour: Record<Ground, number> | undefined;
}

export interface Curves {
  readonly f: readonly number[];
  readonly e: readonly number[];
}

/** A matte with what it is held against; all of the same size. */
export interface ScoreInput {
  readonly matte: Plane;
  readonly truth: Plane;
  /** Whether the truth's greys are alphas, and not the soft edges of a yes or no. */
  readonly isAlpha: boolean;
  readonly trimap?: Plane | undefined;
  readonly colours?: { readonly cutout: ColourPicture; readonly truth: ColourPicture } | undefined;
}

export function scoresOf({ matte, truth, isAlpha, trimap, colours }: ScoreInput): Scores {
  const counts = countLevels(matte, truth);
  const above = countsAbove(counts);
  const f = above.map((found) => fMeasure(found, counts));
  const e = above.map((found) => eMeasure(found, counts));
  const adaptive = adaptiveThreshold(counts);
  return {
    subject: {
      mae: meanAbsoluteError(counts),
      maxF: Math.max(...f),
      meanF: meanOf(f),
      adaptiveF: f[adaptive] as number,
      weightedF: weightedFMeasure(matte, truth),
      s: sMeasure(matte, truth, counts),
      maxE: Math.max(...e),
      meanE: meanOf(e),
      adaptiveE: e[adaptive] as number,
      iou: intersectionOverUnion(above, counts),
    },
    curves: { f, e },
    alpha: isAlpha ? alphaErrors(matte, truth) : undefined,
    band: trimap && alphaErrorsInBand(matte, truth, trimap),
    colour: colours && colourErrors(colours.cutout, colours.truth),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
