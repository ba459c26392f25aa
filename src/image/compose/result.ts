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

type Layers = Pick<PictureOptions, 'background' | 'shadow'>;

/** The picture that is stored: the subject (`box` in the picture), its shadow below it, the background below both. */
export async function composeResult(
  picture: Picture,
  matte: Matte,
  box: Box | undefined,
  layout: Layout,
  options: Layers,
): Promise<Cutout> {
  const behind = await composeBehind(matte, box, layout, options);
  const cutout = await placeCutout(composeCutout(picture, matte), layout);
  return behind === undefined ? cutout : over(cutout, behind);
}

/** What lies below the subject; undefined where that is nothing. */
export async function composeBehind(
  matte: Matte,
  box: Box | undefined,
  layout: Layout,
  { background, shadow }: Layers,
): Promise<Cutout | undefined> {
  const lowest = await openBackground(background, layout);
  const cast = shadow && box && castShadow(matte, box, shadow, layout);
  return lowest && cast ? over(cast, lowest) : (lowest ?? cast);
}
