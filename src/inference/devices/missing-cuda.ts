import { join } from 'node:path';
import { neededLibraries } from './elf.js';
import type { MissingPart } from './missing.js';
import { exists, hasLibrary, type Places } from './places.js';

/** What the libraries of ONNX Runtime ask for, as far as they are not there to be read themselves. */
const ASSUMED = {
  cuda: ['libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12'],
  tensorrt: ['libnvinfer.so.10', 'libnvonnxparser.so.10'],
};
/** CUDA's provider opens it by name, only once a convolution needs it. */
const CUDNN = 'libcudnn.so.9';
const BRIDGE = 'libonnxruntime_providers_shared.so';
const DRIVER = 'libcuda.so.1';
/** The driver's device, and that of the Windows Subsystem for Linux. */
const DRIVER_DEVICES = ['dev/nvidiactl', 'dev/dxg'];

const REMEDIES = {
  provider: 'Run "npm run gpu" for ONNX Runtime\'s CUDA libraries.',
  driver:
    'Install the NVIDIA driver, so that "nvidia-smi" lists the GPU; a container also needs the NVIDIA Container Toolkit and "--gpus all".',
  tensorrt: "Install TensorRT 10 (NVIDIA's packages libnvinfer10 and libnvonnxparsers10).",
  cuda: (version: string) =>
    `Install CUDA ${version}'s libraries (NVIDIA's package cuda-libraries-${version}-*).`,
  cudnn: (version: string) => `Install cuDNN 9 (NVIDIA's package cudnn9-cuda-${version}).`,
};

/** Which of the driver, CUDA, cuDNN, TensorRT and ONNX Runtime's own libraries are missing on this Linux. */
export async function missingForCuda(device: 'cuda' | 'tensorrt', places: Places): Promise<MissingPart[]> {
  const missing: MissingPart[] = [];
  const wanted = new Set([DRIVER]);
  // Whatever comes with a GPU is loaded through it.
  if (!(await exists(join(places.runtime, BRIDGE)))) missing.push(ownPart(BRIDGE));
  for (const provider of device === 'tensorrt' ? (['cuda', 'tensorrt'] as const) : (['cuda'] as const)) {
    const name = `libonnxruntime_providers_${provider}.so`;
    const file = join(places.runtime, name);
    const isThere = await exists(file);
    if (!isThere) missing.push(ownPart(name));
    const needed = isThere ? await neededLibraries(file) : ASSUMED[provider];
    for (const library of needed) if (isNvidias(library)) wanted.add(library);
  }
  wanted.add(CUDNN);

  const devices = await Promise.all(DRIVER_DEVICES.map((path) => exists(join(places.root, path))));
  if (!devices.includes(true))
    missing.push({ what: '/dev/nvidiactl (NVIDIA driver)', remedy: REMEDIES.driver });
  const version = cudaVersion(wanted);
  for (const library of wanted)
    if (!(await hasLibrary(places, library))) missing.push(describe(library, version));
  return missing;
}

function ownPart(name: string): MissingPart {
  return { what: `${name} (ONNX Runtime's own)`, remedy: REMEDIES.provider };
}

/** Not the system's own, such as libc.so.6. */
function isNvidias(library: string): boolean {
  return /^lib(cu|nv)/.test(library);
}

/** The major version of CUDA, which only some of its libraries carry: there is a libcurand.so.10 of CUDA 12 and 13. */
function cudaVersion(libraries: ReadonlySet<string>): string {
  const runtime = [...libraries].find((library) => library.startsWith('libcudart.so.'));
  return runtime?.split('.').at(-1) ?? '12';
}

function describe(library: string, cuda: string): MissingPart {
  if (library === DRIVER) return { what: `${library} (NVIDIA driver)`, remedy: REMEDIES.driver };
  if (library.startsWith('libcudnn')) return { what: `${library} (cuDNN)`, remedy: REMEDIES.cudnn(cuda) };
  if (/^libnv(infer|onnxparser)/.test(library))
    return { what: `${library} (TensorRT)`, remedy: REMEDIES.tensorrt };
  return { what: `${library} (CUDA)`, remedy: REMEDIES.cuda(cuda) };
}
