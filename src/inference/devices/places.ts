import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** Where the parts of a device are looked for. Tests give folders of their own. */
export interface Places {
  /** Folder of ONNX Runtime's libraries, where `npm run gpu` puts those for CUDA. */
  readonly runtime: string;
  /** Folders that the loader looks for libraries in. */
  readonly libraries: readonly string[];
  /** The root of the file system. */
  readonly root: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Where the loader looks without being told (ld.so(8), and Debian's folders of an architecture). */
const DEFAULT_FOLDERS = [
  '/lib',
  '/usr/lib',
  '/lib64',
  '/usr/lib64',
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
];

/** The places of this machine. */
export async function thisMachine(environment: NodeJS.ProcessEnv = process.env): Promise<Places> {
  const runtimePackage = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return {
    runtime: join(runtimePackage, 'bin', 'napi-v6', process.platform, process.arch),
    libraries: libraryFolders(environment, await loaderCache()),
    root: '/',
    environment,
  };
}

/** The folders of LD_LIBRARY_PATH, of the loader's cache as `ldconfig -p` prints it, and those of every system. */
export function libraryFolders(environment: NodeJS.ProcessEnv, loaderCache: string): string[] {
  const own = (environment['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const cached = [...loaderCache.matchAll(/ => (\/.*)$/gm)].map(([, path]) => dirname(path as string));
  return [...new Set([...own, ...cached, ...DEFAULT_FOLDERS])];
}

/** Whether a library can be found by its name. */
export async function hasLibrary({ libraries }: Places, name: string): Promise<boolean> {
  for (const folder of libraries) if (await exists(join(folder, name))) return true;
  return false;
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** What the loader knows of; nothing where the system has no such program. */
async function loaderCache(): Promise<string> {
  const options = {
    env: { PATH: '/sbin:/usr/sbin:/bin:/usr/bin' },
    timeout: 2_000,
    maxBuffer: 16 * 1024 * 1024,
  };
  return promisify(execFile)('ldconfig', ['-p'], options).then(
    ({ stdout }) => stdout,
    () => '',
  );
}
