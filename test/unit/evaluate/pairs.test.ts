import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it, test } from 'vitest';
import { filesByStem, stemOf } from '../../../src/evaluate/pairs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

it.each([
  ['a.jpg', 'a'],
  ['deep/er/a.b.PNG', 'deep/er/a.b'],
  ['a.jpg.cutout.png', 'a'],
  ['deep/a.webp.mask.png', 'deep/a'],
  ['a.cutout.png', 'a'],
])('%s belongs to %s', (file, stem) => {
  expect(stemOf(file)).toBe(stem);
});

test('files are found by their path, or else by their name where it is the only one', async () => {
  const root = await temporaryFolder();
  for (const name of ['one/a.png', 'two/a.png', 'two/b.jpg', 'c.png', 'c.jpg', '.hidden/d.png', 'e.txt']) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), '');
  }
  const files = await filesByStem(root);
  expect(files.find('two/a')).toBe(join(root, 'two/a.png'));
  expect(files.find('three/a')).toBe('twice');
  expect(files.find('elsewhere/b')).toBe(join(root, 'two/b.jpg'));
  expect(files.find('c')).toBe('twice');
  for (const stem of ['d', '.hidden/d', 'e', 'f']) expect(files.find(stem)).toBeUndefined();
});
