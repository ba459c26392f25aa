import { readdir } from 'node:fs/promises';
import { evict, modelFolder, readManifest, withLock } from './cache.js';
import { readCatalogue } from './catalogue.js';
import { sha256Of } from './hashes.js';

export interface VerifiedFile {
  readonly model: string;
  /** `source`, or the variant. */
  readonly name: string;
  readonly file: string;
  readonly status: 'intact' | 'damaged';
}

/** Hashes every file of the cache anew. Damaged ones are removed, to be fetched or prepared again when needed. */
export async function verifyCache(options: { cacheDir: string }): Promise<VerifiedFile[]> {
  const verified: VerifiedFile[] = [];
  for (const { id } of readCatalogue()) {
    const folder = modelFolder(options.cacheDir, id);
    const entries = await readdir(folder.path).catch(() => []);
    for (const entry of entries.filter((file) => file.endsWith('.onnx')).sort()) {
      const name = entry.slice(0, -'.onnx'.length);
      verified.push(
        await withLock(folder, async () => {
          const manifest = await readManifest(folder, name);
          const isIntact = manifest !== undefined && (await sha256Of(folder.file(entry))) === manifest.sha256;
          if (!isIntact) await evict(folder, name);
          return { model: id, name, file: folder.file(entry), status: isIntact ? 'intact' : 'damaged' };
        }),
      );
    }
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
