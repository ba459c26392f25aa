import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClearcutError, messageOf } from '../../errors.js';
import { DEVICE_FACTS, deviceUnavailable, requireProvider } from '../devices.js';
import type { Device } from '../messages.js';
import { startWorker } from '../worker-handle.js';
import { chooseGpus, countNvidiaGpus, type GpuChoice } from './gpus.js';
import { missingFor } from './missing.js';
import { probeModel, probeModelBytes } from './probe-model.js';

/**
 * Proves that a device works, on every GPU that is chosen, with a network of one layer: before minutes are spent on
 * fetching and preparing the model. Returns the numbers of the GPUs. Throws DEVICE_UNAVAILABLE, which names what is
 * missing and how to get it, and CONFIG_INVALID for a GPU that is not there.
 */
export async function probeDevice(device: Device, choice: GpuChoice): Promise<number[]> {
  if (device === 'cpu') return [0];
  requireProvider(device);
  const isNvidia = device === 'cuda' || device === 'tensorrt';
  // CUDA numbers the fastest GPU 0 by default, nvidia-smi goes by the bus: numbers must mean the same.
  if (isNvidia) process.env['CUDA_DEVICE_ORDER'] ??= 'PCI_BUS_ID';
  const gpus = chooseGpus(device, choice, isNvidia ? await countNvidiaGpus() : undefined);
  const folder = await mkdtemp(join(tmpdir(), 'clearcut-probe-'));
  try {
    const file = join(folder, 'probe.onnx');
    await writeFile(file, probeModelBytes());
    await Promise.all(gpus.map((gpu) => runOn(device, gpu, file)));
    return gpus;
  } catch (error) {
    throw await explain(device, messageOf(error));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runOn(device: Device, gpu: number, file: string): Promise<void> {
  try {
    const model = probeModel(file);
    const worker = await startWorker({ model, device, gpu, threads: 1, maxBatch: 1 });
    try {
      const white = new Uint8Array(model.input.side ** 2 * 3).fill(255);
      const [outcome] = (await worker.run([white], PROBE_TIMEOUT)).outcomes;
      const level = outcome?.ok ? outcome.matte.rawRange.max : Number.NaN;
      if (!(Math.abs(level - 1) < TOLERANCE)) throw new Error(`it computes ${level} where 1 is right`);
    } finally {
      await worker.close();
    }
  } catch (error) {
    const name = DEVICE_FACTS[device].takesGpu ? `GPU ${gpu}: ` : '';
    throw new Error(`${name}${messageOf(error).replace(/\s+/g, ' ').trim()}`);
  }
}

const PROBE_TIMEOUT = 60_000;
/** Half-precision hardware (TF32, fp16) rounds to about three digits. */
const TOLERANCE = 0.01;

/** Says what is missing; where all is there, what the runtime said. */
async function explain(device: Device, cause: string): Promise<ClearcutError> {
  const missing = await missingFor(device);
  if (missing.length === 0) return deviceUnavailable(device, cause);
  const parts = missing.map(({ what }) => what).join(', ');
  const remedies = [...new Set(missing.map(({ remedy }) => remedy))].join(' ');
  return deviceUnavailable(device, `missing: ${parts}`, remedies);
}
