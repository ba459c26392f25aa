import { layOut } from '../compose/layout.js';
import { placeMatte } from '../compose/place.js';
import { composeResult } from '../compose/result.js';
import { findSubject } from '../compose/subject-box.js';
import { pixelsOf } from '../compose.js';
import type { CutoutResult, MatteSource } from '../cutout.js';
import type { PictureFile, PictureFiles } from '../files.js';
import { type FoundMatte, findMatte } from '../find-matte.js';
import { type Box, union } from '../geometry.js';
import { readHeader } from '../header.js';
import type { PictureOptions } from '../options.js';
import type { Verdict } from '../verdict.js';
import { isAnimatedFormat } from './animated-formats.js';
import { encodeFrames } from './encode-frames.js';
import { readFrames } from './read-frames.js';

/** Whether a file has more frames than one. Throws IMAGE_CORRUPT. */
export async function isAnimated(bytes: Uint8Array): Promise<boolean> {
  const { format, pages = 1 } = await readHeader(bytes);
  return pages > 1 && isAnimatedFormat(format);
}

/**
 * cutOut() of cutout.ts for every frame: animated WebPs with the timing of the input. One layout holds for all of them,
 * made for wherever the subject ever is, so nothing jumps. The verdict is that of the frame that shows most of a
 * subject; with the policy `fail` each frame has to show one.
 */
export async function cutOutFrames(
  bytes: Uint8Array,
  mattes: MatteSource,
  options: PictureOptions,
): Promise<CutoutResult> {
  const startedAt = performance.now();
  const { pictures, timing, ...size } = await readFrames(bytes);
  const decodedAt = performance.now();
  const found: FoundMatte[] = [];
  for (const picture of pictures) found.push(await findMatte(picture, mattes, options, undefined));
  const inferMs = found.reduce((sum, frame) => sum + frame.inferMs, 0);

  const subjects = found.map(({ matte }) => findSubject(matte));
  const anywhere = subjects.filter((box) => box !== undefined).reduce<Box | undefined>(unionOf, undefined);
  const layout = layOut(size, anywhere, options);
  const files: PictureFile[] = [];
  let composeMs = performance.now() - decodedAt - inferMs;
  for (const kind of options.output === 'both' ? (['cutout', 'mask'] as const) : [options.output]) {
    const composeFrom = performance.now();
    const channels = kind === 'cutout' ? 4 : 1;
    const frameBytes = layout.width * layout.height * channels;
    const all = new Uint8Array(frameBytes * pictures.length);
    for (const [index, { matte }] of found.entries()) {
      const frame =
        kind === 'mask'
          ? await placeMatte(matte, layout)
          : pixelsOf(await composeResult(at(pictures, index), matte, subjects[index], layout, options));
      all.set(frame, index * frameBytes);
    }
    composeMs += performance.now() - composeFrom;
    const { width, height } = layout;
    const webp = await encodeFrames(all, { width, height, channels }, timing, options.quality);
    files.push({ kind, bytes: webp, format: 'webp', contentType: 'image/webp', width, height });
  }
  const decode = decodedAt - startedAt;
  return {
    files: files as readonly PictureFile[] as PictureFiles,
    coverage: found.reduce((sum, frame) => sum + frame.coverage, 0) / found.length,
    subject: layout.subject,
    verdict: found.map(({ verdict }) => verdict).reduce(surer),
    timings: {
      decode,
      infer: inferMs,
      compose: composeMs,
      encode: performance.now() - startedAt - decode - inferMs - composeMs,
    },
  };
}

function unionOf(one: Box | undefined, other: Box): Box {
  return one === undefined ? other : union(one, other);
}

function surer(one: Verdict, other: Verdict): Verdict {
  return other.confidence > one.confidence ? other : one;
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no item ${index}`);
  return item;
}
