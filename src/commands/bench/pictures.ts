import { stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { ClearcutError } from '../../errors.js';
import { findImages } from '../remove-files.js';
import { drawPhotograph } from './photograph.js';

/** A picture on disk that the benchmark sends through the pipeline, as often as it takes. */
export interface BenchPicture {
  readonly name: string;
  readonly file: string;
}

/** What the pictures are, for the report. */
export interface PictureFacts {
  readonly source: 'drawn' | 'folder';
  readonly distinct: number;
  readonly meanBytes: number;
  readonly meanMegapixels: number;
}

/** Drawn pictures that differ; more would take longer to draw and show nothing else. */
const MAX_DRAWN = 8;

export interface DrawOptions {
  /** Pictures wanted; fewer are drawn where they can be used in turn. */
  readonly count: number;
  readonly megapixels: number;
  readonly seed: string;
  readonly folder: string;
}

export async function drawPictures({
  count,
  megapixels,
  seed,
  folder,
}: DrawOptions): Promise<BenchPicture[]> {
  const pictures: BenchPicture[] = [];
  for (let at = 0; at < Math.min(count, MAX_DRAWN); at++) {
    const name = `drawn-${at}.jpg`;
    const file = join(folder, name);
    await writeFile(file, await drawPhotograph({ megapixels, seed: `${seed} ${at}` }));
    pictures.push({ name, file });
  }
  return pictures;
}

/**
 * The images of a folder, or a single one. `results`: a folder whose files are none. Throws OBJECT_NOT_FOUND where there
 * is no image.
 */
export async function findPictures(folder: string, results: string): Promise<BenchPicture[]> {
  const { files } = await findImages([folder], results);
  if (files.length === 0) {
    throw new ClearcutError('OBJECT_NOT_FOUND', `There are no images in ${folder}.`, {
      remedy: 'Give a folder of images, or leave --input away to have some drawn.',
    });
  }
  return files.map(({ input }) => ({ name: basename(input), file: input }));
}

export async function factsOf(
  pictures: readonly BenchPicture[],
  source: PictureFacts['source'],
): Promise<PictureFacts> {
  let bytes = 0;
  let pixels = 0;
  for (const { file } of pictures) {
    bytes += (await stat(file)).size;
    // What is no picture counts as none here, and as a failure of the run.
    const { width = 0, height = 0 } = await sharp(file)
      .metadata()
      .catch(() => ({ width: 0, height: 0 }));
    pixels += width * height;
  }
  return {
    source,
    distinct: pictures.length,
    meanBytes: Math.round(bytes / pictures.length),
    meanMegapixels: pixels / pictures.length / 1e6,
  };
}
