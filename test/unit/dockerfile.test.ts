import { execFile } from 'node:child_process';
import { access, cp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';

const run = promisify(execFile);
/** Milliseconds: it compiles everything. */
const TIMEOUT = 120_000;

describe('the first stage of the Dockerfile', () => {
  it('has all that the build needs', { timeout: TIMEOUT }, async () => {
    const folder = await temporaryFolder();
    const [, stage = ''] = (await readFile('Dockerfile', 'utf8')).split(/^FROM .*$/m);
    const copies = [...stage.matchAll(/^COPY (.*) (\S+)$/gm)];
    const ignored = await readFile('.dockerignore', 'utf8');
    for (const [, sources = '', target = ''] of copies) {
      for (const source of sources.split(' ')) {
        expect(ignored.split('\n')).toContain(`!${source}`);
        const name = target.endsWith('/') ? (source.split('/').at(-1) ?? '') : '';
        await cp(source, join(folder, target, name), { recursive: true });
      }
    }
    await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));

    await run('npm', ['run', 'build'], { cwd: folder, shell: process.platform === 'win32' });

    for (const file of ['cli.js', 'wasm/png-rows.wasm']) await access(join(folder, 'dist', file));
  });
});
