import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ClearcutError } from '../../errors.js';
import { DEVICE_FACTS } from '../devices.js';
import type { Device } from '../messages.js';

/** The GPUs to use: `all`, or their numbers as `nvidia-smi` shows them. */
export type GpuChoice = 'all' | readonly number[];

/**
 * The numbers of the GPUs that workers are started on, from 0; [0] for a device that has no choice. `count` is how
 * many there are, undefined where nobody tells. Throws CONFIG_INVALID for a number that no GPU has.
 */
export function chooseGpus(device: Device, choice: GpuChoice, count: number | undefined): number[] {
  if (choice === 'all')
    return DEVICE_FACTS[device].takesGpu ? Array.from({ length: count || 1 }, (_, gpu) => gpu) : [0];
  const absent = count === undefined ? undefined : choice.find((gpu) => gpu >= count);
  if (absent !== undefined) {
    const numbers = count === 1 ? 'only GPU 0' : `GPUs 0 to ${Number(count) - 1}`;
    throw new ClearcutError('CONFIG_INVALID', `CLEARCUT_GPUS names GPU ${absent}, and there is ${numbers}.`, {
      remedy: 'Name GPUs that "nvidia-smi -L" lists, or set CLEARCUT_GPUS=all.',
    });
  }
  return [...choice];
}

/**
 * How many GPUs CUDA sees: those of CUDA_VISIBLE_DEVICES, which numbers them anew, else all of the machine;
 * undefined where neither `nvidia-smi` nor the driver tells.
 */
export async function countNvidiaGpus(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number | undefined> {
  const visible = environment['CUDA_VISIBLE_DEVICES'];
  if (visible !== undefined) return countVisible(visible);
  return (await countListed()) ?? (await countDriven());
}

/** The entries before the first that is none: so CUDA reads it. */
export function countVisible(visible: string): number {
  const entries = visible.split(',').map((entry) => entry.trim());
  const end = entries.findIndex((entry) => !/^(\d+|GPU-.+|MIG-.+)$/.test(entry));
  return end < 0 ? entries.length : end;
}

async function countListed(): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', ['-L'], { timeout: 3_000 });
    return (stdout.match(/^GPU \d+:/gm) ?? []).length;
  } catch {
    return undefined;
  }
}

async function countDriven(): Promise<number | undefined> {
  return readdir('/proc/driver/nvidia/gpus').then(
    (gpus) => gpus.length,
    () => undefined,
  );
}
