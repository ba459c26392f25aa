import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { ClearcutError, systemCodeOf } from '../errors.js';
import type { PictureFormat } from '../image/options.js';
import type { PictureKind } from '../pipeline/settlement/place.js';
import { cutoutKey, maskKey } from '../storage/keys.js';

/** One image of `clearcut remove`. */
export interface ImageFile {
  /** Absolute. */
  readonly input: string;
  /** Its place below the folder that was given, with slashes: what the key is to an object. */
  readonly key: string;
}

/** The file that a picture of the image goes to. */
export function outputFile(folder: string, key: string, kind: PictureKind, format: PictureFormat): string {
  return join(folder, (kind === 'cutout' ? cutoutKey : maskKey)('', key, format));
}

export interface FoundImages {
  readonly files: readonly ImageFile[];
  /** Files in folders that do not look like images by their names. */
  readonly ignored: number;
}

/**
 * In a folder, files with these endings are taken; others are left alone. Formats that are refused are among them,
 * so that a folder of HEIC pictures fails with an explanation and not in silence.
 */
const IMAGE_NAME = /\.(jpe?g|jfif|png|apng|webp|avif|tiff?|gif|hei[cf]|bmp|svg|jp2|jxl|psd)$/i;

/**
 * The images that the paths name, in order, and what each is called: a file by its name, the content of a folder with
 * its subfolders. With several folders each keeps its own name, so that they do not mix. Throws OBJECT_NOT_FOUND for a
 * path that does not exist, KEY_INVALID where two images would be called the same.
 */
export async function findImages(paths: readonly string[], outputFolder: string): Promise<FoundImages> {
  const given = await Promise.all(
    paths.map(async (path) => ({ path: resolve(path), isFolder: await isFolder(path) })),
  );
  const severalFolders = given.filter(({ isFolder }) => isFolder).length > 1;
  const inputs: Array<{ input: string; relative: string }> = [];
  let ignored = 0;
  for (const { path, isFolder } of given) {
    if (!isFolder) {
      inputs.push({ input: path, relative: basename(path) });
      continue;
    }
    for (const relative of await filesIn(path, outputFolder)) {
      if (!IMAGE_NAME.test(relative)) ignored += 1;
      else
        inputs.push({
          input: join(path, relative),
          relative: join(severalFolders ? basename(path) : '', relative),
        });
    }
  }
  const files = inputs.map(({ input, relative }) => ({ input, key: relative.split(sep).join('/') }));
  refuseSharedKeys(files);
  return { files, ignored };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    throw new ClearcutError('OBJECT_NOT_FOUND', `There is no file or folder ${path}.`, {
      remedy: 'Check the path.',
    });
  }
}

/** Files below the folder, sorted; hidden ones and earlier output are left out. */
async function filesIn(folder: string, outputFolder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(outputFolder + sep))
    .map((file) => file.slice(folder.length + 1))
    .filter((relative) => !relative.split(sep).some((part) => part.startsWith('.')))
    .sort();
}

function refuseSharedKeys(files: readonly ImageFile[]): void {
  const byKey = new Map<string, string>();
  for (const { input, key } of files) {
    const other = byKey.get(key);
    if (other === input) continue;
    if (other !== undefined) {
      throw new ClearcutError(
        'KEY_INVALID',
        `The cut-outs of ${other} and ${input} would both be those of ${key}.`,
        {
          remedy: 'Cut them out one after the other into folders of their own.',
        },
      );
    }
    byKey.set(key, input);
  }
}
