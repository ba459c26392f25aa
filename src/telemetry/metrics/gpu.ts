import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { systemCodeOf } from '../../errors.js';

/** What `nvidia-smi` says of one GPU. */
export interface GpuUsage {
  /** As nvidia-smi numbers it. */
  readonly gpu: string;
  /** 0..1; undefined where the driver does not tell (as with MIG). */
  readonly utilization: number | undefined;
  /** Bytes. */
  readonly memoryUsed: number | undefined;
  readonly memoryTotal: number | undefined;
}

const QUERY = ['--query-gpu=index,utilization.gpu,memory.used,memory.total', '--format=csv,noheader,nounits'];
const TIMEOUT = 5_000;
const MiB = 1024 * 1024;

/** The GPUs of the machine; undefined where there is no nvidia-smi or it does not answer. */
export async function readGpus(
  command = 'nvidia-smi',
): Promise<readonly GpuUsage[] | 'no such program' | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, QUERY, { timeout: TIMEOUT });
    return parseGpus(stdout);
  } catch (thrown) {
    return systemCodeOf(thrown) === 'ENOENT' ? 'no such program' : undefined;
  }
}

/** Lines such as `0, 87, 10240, 81559` (percent, MiB, MiB); `[N/A]` and the like mean that it is not known. */
export function parseGpus(text: string): GpuUsage[] {
  return text
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .filter(([index]) => /^\d+$/.test(index ?? ''))
    .map(([index = '', utilization, used, total]) => ({
      gpu: index,
      utilization: scaled(utilization, 1 / 100),
      memoryUsed: scaled(used, MiB),
      memoryTotal: scaled(total, MiB),
    }));
}

function scaled(text: string | undefined, by: number): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) * by : undefined;
}
