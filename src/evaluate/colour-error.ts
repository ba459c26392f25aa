/** Four channels of 8 bits, rows from the top, straight alpha. */
export interface ColourPicture {
  readonly data: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export type Ground = 'white' | 'black' | 'green';

const GROUNDS: Record<Ground, readonly [number, number, number]> = {
  white: [255, 255, 255],
  black: [0, 0, 0],
  green: [0, 255, 0],
};

/**
 * How far a cut-out is from the true one where both are put on a plain ground: the mean absolute difference of the
 * channels, 0..1 in sRGB, over the pixels where either shows anything. 0 where both are empty.
 */
export function colourErrors(cutout: ColourPicture, truth: ColourPicture): Record<Ground, number> {
  return {
    white: errorOn(GROUNDS.white, cutout, truth),
    black: errorOn(GROUNDS.black, cutout, truth),
    green: errorOn(GROUNDS.green, cutout, truth),
  };
}

function errorOn(
  ground: readonly number[],
  { data: one }: ColourPicture,
  { data: two }: ColourPicture,
): number {
  let sum = 0;
  let pixels = 0;
  for (let at = 0; at < one.length; at += 4) {
    const alpha = (one[at + 3] as number) / 255;
    const trueAlpha = (two[at + 3] as number) / 255;
    if (alpha === 0 && trueAlpha === 0) continue;
    pixels += 1;
    for (let channel = 0; channel < 3; channel++) {
      const behind = ground[channel] as number;
      const shown = behind + alpha * ((one[at + channel] as number) - behind);
      const right = behind + trueAlpha * ((two[at + channel] as number) - behind);
      sum += Math.abs(shown - right);
    }
  }
  return pixels === 0 ? 0 : sum / (3 * 255 * pixels);
}
