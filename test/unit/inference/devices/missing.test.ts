import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { missingForCuda } from '../../../../src/inference/devices/missing-cuda.js';
import { missingForVulkan } from '../../../../src/inference/devices/missing-vulkan.js';
import { libraryFolders, type Places } from '../../../../src/inference/devices/places.js';
import { writeElf } from '../../../support/elf.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** A machine in a folder of its own, with nothing in it. */
let places: Places;
let libraries: string;

beforeEach(async () => {
  const root = await temporaryFolder();
  libraries = join(root, 'lib');
  places = {
    runtime: join(root, 'runtime'),
    libraries: [join(root, 'absent'), libraries],
    root,
    environment: {},
  };
  for (const folder of ['dev', 'lib', 'runtime', 'usr/share/vulkan/icd.d'])
    await mkdir(join(root, folder), { recursive: true });
});

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) await writeFile(join(places.root, path), '');
}

async function names(missing: Promise<{ what: string }[]>): Promise<string[]> {
  return (await missing).map(({ what }) => what.replace(/ .*/, ''));
}

/** ONNX Runtime's libraries as "npm run gpu" puts them, asking for the version of CUDA given. */
async function putRuntime(cuda: number): Promise<void> {
  await put('runtime/libonnxruntime_providers_shared.so');
  const own = [
    `libcudart.so.${cuda}`,
    `libcublas.so.${cuda}`,
    'libcurand.so.10',
    'libcuda.so.1',
    'libc.so.6',
  ];
  await writeElf(join(places.runtime, 'libonnxruntime_providers_cuda.so'), own);
  const tensorrt = ['libnvinfer.so.10', 'libnvonnxparser.so.10', `libcudart.so.${cuda}`];
  await writeElf(join(places.runtime, 'libonnxruntime_providers_tensorrt.so'), tensorrt);
}

describe('what CUDA lacks', () => {
  it('is everything on a machine that has nothing', async () => {
    expect(await names(missingForCuda('cuda', places))).toEqual([
      'libonnxruntime_providers_shared.so',
      'libonnxruntime_providers_cuda.so',
      '/dev/nvidiactl',
      'libcuda.so.1',
      'libcudart.so.12',
      'libcublas.so.12',
      'libcublasLt.so.12',
      'libcudnn.so.9',
    ]);
  });

  it('is what the installed library asks for, of whatever version', async () => {
    await putRuntime(13);
    expect(await names(missingForCuda('cuda', places))).toEqual([
      '/dev/nvidiactl',
      'libcuda.so.1',
      'libcudart.so.13',
      'libcublas.so.13',
      'libcurand.so.10',
      'libcudnn.so.9',
    ]);
  });

  it("is named in the packages of the provider's own CUDA version", async () => {
    await putRuntime(13);
    const missing = await missingForCuda('cuda', places);
    const remedyOf = (name: string) => missing.find(({ what }) => what.startsWith(name))?.remedy;
    expect(remedyOf('libcurand')).toContain('cuda-libraries-13-');
    expect(remedyOf('libcudnn')).toContain('cudnn9-cuda-13');
  });

  it('is the driver alone where all else is there', async () => {
    await putRuntime(12);
    await put(
      ...['cudart.so.12', 'cublas.so.12', 'curand.so.10', 'cudnn.so.9'].map((name) => `lib/lib${name}`),
    );
    const missing = await missingForCuda('cuda', places);
    expect(missing.map(({ what }) => what)).toEqual([
      '/dev/nvidiactl (NVIDIA driver)',
      'libcuda.so.1 (NVIDIA driver)',
    ]);
    for (const { remedy } of missing) expect(remedy).toContain('--gpus all');
  });

  it('is nothing where all is there, also where the driver is that of Windows', async () => {
    await putRuntime(12);
    await put(
      'lib/libcuda.so.1',
      'lib/libcudart.so.12',
      'lib/libcublas.so.12',
      'lib/libcurand.so.10',
      'dev/dxg',
    );
    expect(await names(missingForCuda('cuda', places))).toEqual(['libcudnn.so.9']);
    await put('lib/libcudnn.so.9');
    expect(await missingForCuda('cuda', places)).toEqual([]);
  });

  it("is TensorRT's own beside", async () => {
    await putRuntime(12);
    const missing = await names(missingForCuda('tensorrt', places));
    expect(missing).toEqual(
      expect.arrayContaining(['libnvinfer.so.10', 'libnvonnxparser.so.10', 'libcudart.so.12']),
    );
    expect(await names(missingForCuda('cuda', places))).not.toContain('libnvinfer.so.10');
  });

  it.each([
    ['libonnxruntime_providers_cuda.so', 'npm run gpu'],
    ['libcudart.so.12', 'CUDA 12'],
    ['libcudnn.so.9', 'cuDNN 9'],
    ['libnvinfer.so.10', 'TensorRT 10'],
  ])('comes with the way to get %s', async (name, remedy) => {
    const part = (await missingForCuda('tensorrt', places)).find(({ what }) => what.startsWith(name));
    expect(part?.remedy).toContain(remedy);
  });
});

describe('what WebGPU lacks', () => {
  const ICD = 'usr/share/vulkan/icd.d/gpu.json';

  async function describeDriver(library: unknown): Promise<void> {
    await writeFile(join(places.root, ICD), JSON.stringify({ ICD: { library_path: library } }));
  }

  it('is the Vulkan loader and a driver on a machine that has nothing', async () => {
    const missing = await missingForVulkan(places);
    expect(missing.map(({ what }) => what)).toEqual(['libvulkan.so.1 (Vulkan loader)', 'a Vulkan driver']);
    expect(missing[0]?.remedy).toContain('libvulkan1');
    expect(missing[1]?.remedy).toContain('mesa-vulkan-drivers');
  });

  it.each(['libgpu.so', '../../../../lib/libgpu.so'])(
    'is nothing where the driver is "%s"',
    async (library) => {
      await put('lib/libvulkan.so.1', 'lib/libgpu.so');
      await describeDriver(library);
      expect(await missingForVulkan(places)).toEqual([]);
    },
  );

  it.each([['libgone.so'], ['/gone/libgpu.so'], ['./libgpu.so'], [undefined]])(
    'is the driver where its description names %s',
    async (library) => {
      await put('lib/libvulkan.so.1', 'lib/libgpu.so');
      await describeDriver(library);
      const missing = await missingForVulkan(places);
      expect(missing).toHaveLength(1);
      expect(missing[0]?.what).toContain('gpu.json');
    },
  );

  it('is looked for where VK_DRIVER_FILES says, and nowhere else', async () => {
    await put('lib/libvulkan.so.1', 'lib/libgpu.so');
    await describeDriver('libgpu.so');
    const elsewhere = { ...places, environment: { VK_DRIVER_FILES: '/gone/other.json' } };
    expect((await missingForVulkan(elsewhere))[0]?.what).toContain('/gone/other.json cannot be read');
    const named = { ...places, environment: { VK_DRIVER_FILES: join(places.root, ICD) } };
    await rm(join(places.root, 'etc'), { recursive: true, force: true });
    expect(await missingForVulkan(named)).toEqual([]);
  });
});

describe('folders of libraries', () => {
  it("are those of LD_LIBRARY_PATH first, then those of the loader's cache, each once", () => {
    const cache = [
      "3 libs found in cache `/etc/ld.so.cache'",
      '\tlibcudart.so.12 (libc6,x86-64) => /usr/local/cuda/lib64/libcudart.so.12',
      '\tlibcublas.so.12 (libc6,x86-64) => /usr/local/cuda/lib64/libcublas.so.12',
      '\tlibcuda.so.1 (libc6,x86-64) => /opt/driver/libcuda.so.1',
    ].join('\n');
    const folders = libraryFolders({ LD_LIBRARY_PATH: '/own::/other' }, cache);
    expect(folders.slice(0, 4)).toEqual(['/own', '/other', '/usr/local/cuda/lib64', '/opt/driver']);
    expect(folders).toContain('/usr/lib');
    expect(new Set(folders).size).toBe(folders.length);
  });
});
