import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { ClearcutError, systemCodeOf } from '../errors.js';
import { cutoutKey } from '../storage/keys.js';

/** One image of `clearcut remove`, with the file its cut-out goes to. Both are absolute. */
export interface ImageFile {
  readonly input: string;
  readonly output: string;
  /** The path of the image below the folder that was named. */
  readonly relative: string;
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
 * The images that the paths name, in order, and where each cut-out goes: a file directly into the output folder, the
 * content of a folder with its subfolders. With several folders each keeps its own name, so that they do not mix.
 * Throws OBJECT_NOT_FOUND for a path that does not exist, KEY_INVALID where two cut-outs would be the same file.
 */
export async function findImages(
  paths: readonly string[],
  outputFolder: string,
  extension: string,
): Promise<FoundImages> {
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
  const files = inputs.map(({ input, relative }) => ({
    input,
    relative,
    output: join(outputFolder, cutoutKey('', relative.split(sep).join('/'), extension)),
  }));
  refuseSharedOutputs(files);
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

function refuseSharedOutputs(files: readonly ImageFile[]): void {
  const byOutput = new Map<string, string>();
  for (const { input, output } of files) {
    const other = byOutput.get(output);
    if (other === input) continue;
    if (other !== undefined) {
      throw new ClearcutError('KEY_INVALID', `${other} and ${input} would both become ${output}.`, {
        remedy: 'Cut them out one after the other into folders of their own.',
      });
    }
    byOutput.set(output, input);
  }
}
