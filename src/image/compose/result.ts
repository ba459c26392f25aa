import { type Cutout, composeCutout } from '../compose.js';
import type { Picture } from '../decode.js';
import type { Box } from '../geometry.js';
import type { Matte } from '../matte.js';
import type { PictureOptions } from '../options.js';
import { openBackground } from './background.js';
import { over } from './blend.js';
import type { Layout } from './layout.js';
import { placeCutout } from './place.js';
import { castShadow } from './shadow.js';

/** The picture that is stored: the subject (`box` in the picture), its shadow below it, the background below both. */
export async function composeResult(
  picture: Picture,
  matte: Matte,
  box: Box | undefined,
  layout: Layout,
  { background, shadow }: Pick<PictureOptions, 'background' | 'shadow'>,
): Promise<Cutout> {
  const layers = [
    await openBackground(background, layout),
    shadow && box && castShadow(matte, box, shadow, layout),
    await placeCutout(composeCutout(picture, matte), layout),
  ];
  return layers.filter((layer) => layer !== undefined).reduce((lower, upper) => over(upper, lower));
}
