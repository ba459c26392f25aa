import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const CLI = createRequire(import.meta.url).resolve('../../dist/cli.js');

test('V8 knows the flags that are set at the start: of others it complains', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [CLI, '--version']);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
