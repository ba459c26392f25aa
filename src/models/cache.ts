import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import lockfile from 'proper-lockfile';
import { z } from 'zod';
import { systemCodeOf } from '../errors.js';
import { sha256Of } from './hashes.js';

/**
 * The cache of models. Each has a folder by its id:
 *   source.onnx, source.json        the weights as published, with their hashes
 *   <variant>.onnx, <variant>.json  prepared forms of it
 *   download/                       what is on its way; may be removed at any time
 * A file counts only together with a manifest whose hash it meets: a kill between the two leaves nothing half done.
 */
export interface ModelFolder {
  readonly path: string;
  readonly download: string;
  file(name: string): string;
}

/** `cacheDir`: empty for the user's cache folder (on Linux ~/.cache/clearcut). */
export function modelFolder(cacheDir: string, id: string): ModelFolder {
  const root = cacheDir === '' ? envPaths('clearcut', { suffix: '' }).cache : cacheDir;
  const path = resolve(root, 'models', id);
  return { path, download: join(path, 'download'), file: (name) => join(path, name) };
}

const manifestSchema = z.object({
  sha256: z.string(),
  size: z.number(),
  /** Where a source came from, in words. */
  from: z.string().optional(),
  /** Of the weights that a prepared form was made from. */
  sourceSha256: z.string().optional(),
  /** Of the passes that made it. */
  passes: z.number().optional(),
  /** Of the calibration table that it was quantized with. */
  calibrationSha256: z.string().optional(),
  /** Of the adaptation table that fitted it to its side. */
  adaptationSha256: z.string().optional(),
  /** Whether one run takes several pictures. */
  batch: z.enum(['any', 'one']).optional(),
  /** Files beside the user's own that weights came from, with their hashes. */
  data: z.record(z.string(), z.string()).optional(),
  /** That a source was taken without a hash that was known before. */
  trust: z.literal('first-use').optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** The manifest of a file of the cache, or undefined where there is none that can be read. */
export async function readManifest(folder: ModelFolder, name: string): Promise<Manifest | undefined> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(folder.file(`${name}.json`), 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * The manifest where the file beside it is what it says. Changes nothing, so it may be asked without the lock, while
 * another process replaces the two.
 */
export async function readIntact(folder: ModelFolder, name: string): Promise<Manifest | undefined> {
  const manifest = await readManifest(folder, name);
  if (manifest === undefined) return undefined;
  const file = folder.file(`${name}.onnx`);
  try {
    // The size first: it shows most damage without reading the whole file.
    const isIntact = (await stat(file)).size === manifest.size && (await sha256Of(file)) === manifest.sha256;
    return isIntact ? manifest : undefined;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Takes a finished file into the cache, with the lock held. The file is moved, so it must be on the same disk.
 * Whatever else was on its way, of failed attempts, is of no use any more and goes.
 */
export async function admit(
  folder: ModelFolder,
  name: string,
  file: string,
  manifest: Manifest,
): Promise<void> {
  const manifestFile = folder.file(`${name}.json`);
  await rm(manifestFile, { force: true });
  await rename(file, folder.file(`${name}.onnx`));
  await writeFile(`${manifestFile}.part`, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(`${manifestFile}.part`, manifestFile);
  await rm(folder.download, { recursive: true, force: true });
}

export async function evict(folder: ModelFolder, name: string): Promise<void> {
  await rm(folder.file(`${name}.json`), { force: true });
  await rm(folder.file(`${name}.onnx`), { force: true });
}

/** Runs `work` while no other process works on this model's folder, which has a download folder by then. */
export async function withLock<Result>(folder: ModelFolder, work: () => Promise<Result>): Promise<Result> {
  await mkdir(folder.path, { recursive: true });
  const release = await lockfile.lock(folder.path, {
    stale: 20_000,
    // Another process may be downloading: wait for it instead of doing the same.
    retries: { forever: true, minTimeout: 200, maxTimeout: 2_000 },
  });
  try {
    await mkdir(folder.download, { recursive: true });
    return await work();
  } finally {
    await release();
  }
}
