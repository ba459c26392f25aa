import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

export interface CompiledScript {
  /** Of the JavaScript. */
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Compiles a script of the tests, and of the sources what it imports, for a process of its own that can be killed.
 */
export async function compileScript(script: string): Promise<CompiledScript> {
  const folder = await mkdtemp(join(tmpdir(), 'clearcut-compiled-'));
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'), 'junction');
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const config = join(folder, 'tsconfig.json');
  await writeFile(
    config,
    JSON.stringify({
      extends: join(REPOSITORY, 'tsconfig.json'),
      compilerOptions: {
        rootDir: REPOSITORY,
        outDir: folder,
        typeRoots: [join(REPOSITORY, 'node_modules/@types')],
      },
      files: [join(REPOSITORY, script)],
      include: [],
    }),
  );
  const compiler = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', config]);
  return {
    path: join(folder, script.replace(/\.ts$/, '.js')),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
