import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { neededLibraries } from '../../../../src/inference/devices/elf.js';
import { thisMachine } from '../../../../src/inference/devices/places.js';
import { writeElf } from '../../../support/elf.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

describe('libraries that a library needs', () => {
  let file: string;
  beforeEach(async () => {
    file = join(await temporaryFolder(), 'library.so');
  });

  it('are read from a made one, in order', async () => {
    await writeElf(file, ['libcudart.so.12', 'libcuda.so.1', 'libc.so.6']);
    expect(await neededLibraries(file)).toEqual(['libcudart.so.12', 'libcuda.so.1', 'libc.so.6']);
  });

  it('are none where it needs none', async () => {
    await writeElf(file, []);
    expect(await neededLibraries(file)).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')("are read from ONNX Runtime's own binding", async () => {
    const { runtime } = await thisMachine();
    const needed = await neededLibraries(join(runtime, 'onnxruntime_binding.node'));
    expect(needed).toEqual(expect.arrayContaining(['libonnxruntime.so.1', 'libc.so.6']));
  });

  it('are refused for a file that is no library', async () => {
    await writeFile(file, 'x'.repeat(100));
    await expect(neededLibraries(file)).rejects.toThrow('no 64-bit ELF library');
  });

  it('are refused for a library that ends early, wherever it ends', async () => {
    await writeElf(file, ['libcuda.so.1']);
    const { length } = await readFile(file);
    for (const size of [length - 1, 150, 63, 0]) {
      await truncate(file, size);
      await expect(neededLibraries(file)).rejects.toThrow('ends early');
    }
  });
});
