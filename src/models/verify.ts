import { readdir } from 'node:fs/promises';
import { evict, modelFolder, readIntact, withLock } from './cache.js';
import { type CatalogueModel, readCatalogue } from './catalogue.js';

export interface VerifiedFile {
  readonly model: string;
  /** `source`, or the variant. */
  readonly name: string;
  readonly file: string;
  readonly status: 'intact' | 'damaged';
}

/**
 * Hashes every file of the cache anew. Damaged ones are removed, to be fetched or prepared again when needed.
 * `catalogue`: whose models; those of the shipped one unless given.
 */
export async function verifyCache(options: {
  cacheDir: string;
  catalogue?: readonly CatalogueModel[];
}): Promise<VerifiedFile[]> {
  const { cacheDir, catalogue = readCatalogue() } = options;
  const verified: VerifiedFile[] = [];
  for (const { id } of catalogue) {
    // Locking makes the folder: not for a model that the cache has nothing of.
    if ((await cachedFiles({ cacheDir, id })).length === 0) continue;
    const folder = modelFolder(cacheDir, id);
    await withLock(folder, async () => {
      for (const name of await cachedFiles({ cacheDir, id })) {
        const isIntact = (await readIntact(folder, name)) !== undefined;
        if (!isIntact) await evict(folder, name);
        const file = folder.file(`${name}.onnx`);
        verified.push({ model: id, name, file, status: isIntact ? 'intact' : 'damaged' });
      }
    });
  }
  return verified;
}

/** What the cache holds of a model, by name; not verified. */
export async function cachedFiles(options: { cacheDir: string; id: string }): Promise<string[]> {
  const folder = modelFolder(options.cacheDir, options.id);
  const entries = await readdir(folder.path).catch(() => []);
  return entries
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => file.slice(0, -'.onnx'.length))
    .sort();
}
