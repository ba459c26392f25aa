import type { Plane } from './plane.js';

/** Nearer to either end a grey is taken for the end: masks are often JPEG. */
const GREY = { from: 24, to: 231 };
/** Share of the picture from which deep greys are no accident. */
const LEAST = 0.0005;

/**
 * Whether a ground truth is an alpha and no yes or no: it has greys that lie two pixels deep in others. The greys of a mask
 * with soft or compressed edges are a pixel or two wide.
 */
export function isAlphaTruth({ data, width, height }: Plane): boolean {
  const isGrey = (at: number) => (data[at] as number) >= GREY.from && (data[at] as number) <= GREY.to;
  let deep = 0;
  for (let y = 2; y < height - 2; y++) {
    for (let x = 2, at = y * width + 2; x < width - 2; x++, at++) {
      if (!isGrey(at)) continue;
      if (isGrey(at - 2) && isGrey(at + 2) && isGrey(at - 2 * width) && isGrey(at + 2 * width)) deep += 1;
    }
  }
  return deep > LEAST * data.length;
}
