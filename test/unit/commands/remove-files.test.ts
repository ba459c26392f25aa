import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { findImages, outputFile } from '../../../src/commands/remove-files.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function filesAt(root: string, ...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), name);
  }
}

async function outputsOf(root: string, paths: string[]): Promise<string[]> {
  const out = join(root, 'out');
  const { files } = await findImages(
    paths.map((path) => join(root, path)),
    out,
  );
  return files.map(({ key }) => outputFile(out, key, 'cutout', 'png').slice(root.length + 1));
}

test('subfolders are kept, other files and hidden ones left alone', async () => {
  const root = await temporaryFolder();
  await filesAt(
    root,
    'in/a.jpg',
    'in/deep/er/b.PNG',
    'in/notes.txt',
    'in/.git/c.png',
    'in/.d.png',
    'in/e.heic',
  );
  const { files, ignored } = await findImages([join(root, 'in')], join(root, 'out'));
  expect(files.map(({ key }) => key)).toEqual(['a.jpg', 'deep/er/b.PNG', 'e.heic']);
  expect(ignored).toBe(1);
});

test('a file that is named is taken whatever its name', async () => {
  const root = await temporaryFolder();
  await filesAt(root, 'picture.dat');
  expect(await outputsOf(root, ['picture.dat'])).toEqual(['out/picture.dat.cutout.png']);
});

test('files of one name in several folders do not mix', async () => {
  const root = await temporaryFolder();
  await filesAt(root, 'one/a.jpg', 'two/a.jpg');
  expect(await outputsOf(root, ['one', 'two'])).toEqual([
    'out/one/a.jpg.cutout.png',
    'out/two/a.jpg.cutout.png',
  ]);
});

test('earlier output inside the input folder is not cut out again', async () => {
  const root = await temporaryFolder();
  await filesAt(root, 'a.jpg', 'out/a.jpg.cutout.png');
  expect(await outputsOf(root, ['.'])).toEqual(['out/a.jpg.cutout.png']);
});

test('two files that would share an output are refused by name', async () => {
  const root = await temporaryFolder();
  await filesAt(root, 'one/a.jpg', 'two/a.jpg');
  await expect(outputsOf(root, ['one/a.jpg', 'two/a.jpg'])).rejects.toMatchObject({
    code: 'KEY_INVALID',
    message: expect.stringMatching(/one\/a\.jpg and .*two\/a\.jpg would both be those of a\.jpg/),
  });
});

test('a path that does not exist is named', async () => {
  const root = await temporaryFolder();
  await expect(outputsOf(root, ['nothing'])).rejects.toMatchObject({
    code: 'OBJECT_NOT_FOUND',
    message: expect.stringContaining('nothing'),
  });
});

test('a mask has a name of its own beside the cut-out', () => {
  expect(outputFile('/out', 'in/a.jpg', 'mask', 'webp')).toBe('/out/in/a.jpg.mask.webp');
});
