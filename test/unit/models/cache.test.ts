import { appendFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { admit, type ModelFolder, modelFolder, readIntact, withLock } from '../../../src/models/cache.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { filesBelow, hexOf } from './catalogues.js';
import { damage } from './damage.js';

const BYTES = Buffer.from('the bytes of a model');

describe('modelFolder', () => {
  it('lies below the folder that is given, and else below that of the user', () => {
    expect(modelFolder('/var/cache', 'isnet').path).toBe(resolve('/var/cache/models/isnet'));
    expect(modelFolder('', 'isnet').path).toMatch(/clearcut.*models.isnet$/);
  });

  it('is absolute, wherever the process goes from here', () => {
    expect(modelFolder('cache', 'isnet').file('fp32.onnx')).toBe(resolve('cache/models/isnet/fp32.onnx'));
  });
});

describe('readIntact', () => {
  it('gives the manifest of a file that is what it says', async () => {
    const folder = await folderWith('fp32');
    expect(await readIntact(folder, 'fp32')).toEqual({ sha256: hexOf('sha256', BYTES), size: BYTES.length });
  });

  it.each([
    { name: 'a bit was turned', change: (folder: ModelFolder) => damage(folder.file('fp32.onnx')) },
    { name: 'bytes were added', change: (folder: ModelFolder) => appendFile(folder.file('fp32.onnx'), '.') },
    {
      name: 'the manifest is unreadable',
      change: (folder: ModelFolder) => writeFile(folder.file('fp32.json'), '{'),
    },
  ])('gives nothing where $name, and leaves the files to whoever holds the lock', async ({ change }) => {
    const folder = await folderWith('fp32');
    await change(folder);
    const before = await contents(folder);
    expect(await readIntact(folder, 'fp32')).toBeUndefined();
    expect(await contents(folder)).toEqual(before);
  });

  it('gives nothing where there is nothing', async () => {
    expect(await readIntact(await folderWith('fp32'), 'fp32-512')).toBeUndefined();
  });
});

describe('admit', () => {
  it('replaces the file of before and clears what was on its way', async () => {
    const folder = await folderWith('fp32');
    const newer = Buffer.from('newer bytes');
    await mkdir(folder.download);
    await writeFile(join(folder.download, 'half a download'), 'abc');
    await admitBytes(folder, 'fp32', newer);
    expect(await readIntact(folder, 'fp32')).toEqual({ sha256: hexOf('sha256', newer), size: newer.length });
    expect(await filesBelow(folder.path)).toEqual(['fp32.json', 'fp32.onnx']);
  });
});

describe('withLock', () => {
  it('lets one at a time work on a model', async () => {
    const folder = modelFolder(await temporaryFolder(), 'model');
    let working = 0;
    const most = await Promise.all(
      [1, 2, 3].map(() =>
        withLock(folder, async () => {
          working += 1;
          const seen = working;
          await stat(folder.download);
          working -= 1;
          return seen;
        }),
      ),
    );
    expect(most).toEqual([1, 1, 1]);
  });

  it('has a folder for downloads, though the work before, that this one waited for, has removed it', async () => {
    const folder = modelFolder(await temporaryFolder(), 'model');
    const works = [1, 2].map(() =>
      withLock(folder, async () => {
        await writeFile(join(folder.download, 'file'), '');
        await rm(folder.download, { recursive: true });
      }),
    );
    await expect(Promise.all(works)).resolves.toBeDefined();
  });

  it('frees the model when the work fails', async () => {
    const folder = modelFolder(await temporaryFolder(), 'model');
    await expect(withLock(folder, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(folder, async () => 'done')).toBe('done');
  });
});

async function folderWith(name: string): Promise<ModelFolder> {
  const folder = modelFolder(await temporaryFolder(), 'model');
  await mkdir(folder.download, { recursive: true });
  await admitBytes(folder, name, BYTES);
  return folder;
}

async function admitBytes(folder: ModelFolder, name: string, bytes: Buffer): Promise<void> {
  await mkdir(folder.download, { recursive: true });
  const file = join(folder.download, 'arrived');
  await writeFile(file, bytes);
  await admit(folder, name, file, { sha256: hexOf('sha256', bytes), size: bytes.length });
}

async function contents({ path }: ModelFolder): Promise<Record<string, string>> {
  const files = await filesBelow(path);
  const entries = files.map(async (file) => [file, await readFile(join(path, file), 'latin1')] as const);
  return Object.fromEntries(await Promise.all(entries));
}
