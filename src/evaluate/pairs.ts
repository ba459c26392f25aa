import { readdir } from 'node:fs/promises';
import { join, parse, sep } from 'node:path';

/** Files in a folder, by what their names say they belong to. */
export interface FilesByStem {
  /** The file for a picture; `twice` where several could be meant, undefined where none. */
  find(stem: string): string | 'twice' | undefined;
}

const PICTURE = /\.(jpe?g|jfif|png|webp|avif|tiff?|gif|bmp|hei[cf])$/i;

/**
 * What ground truths and results have in common with their picture: its path below the folder, without the ending. Of
 * results of Clearcut (`a.jpg.cutout.png`) it is the picture's, too.
 */
export function stemOf(relative: string): string {
  const { dir, name } = parse(relative);
  const own = name.replace(/\.(cutout|mask)$/, '');
  return join(dir, own === name ? name : own.replace(PICTURE, ''));
}

/**
 * Looks through a folder with its subfolders. A file is found by its path, or else by its name alone, so that ground truths
 * may lie in one folder where the pictures lie in many.
 */
export async function filesByStem(folder: string): Promise<FilesByStem> {
  const byPath = new Map<string, string | 'twice'>();
  const byName = new Map<string, string | 'twice'>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !PICTURE.test(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const relative = file.slice(folder.length + 1);
    if (relative.split(sep).some((part) => part.startsWith('.'))) continue;
    const stem = stemOf(relative);
    add(byPath, stem, file);
    add(byName, parse(stem).base, file);
  }
  return { find: (stem) => byPath.get(stem) ?? byName.get(parse(stem).base) };
}

function add(files: Map<string, string | 'twice'>, stem: string, file: string): void {
  files.set(stem, files.has(stem) ? 'twice' : file);
}
