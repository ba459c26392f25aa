import type { Device } from './messages.js';

export interface EngineSize {
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly maxBatch: number;
}

const GPU_BATCH = 8;

/**
 * How many workers, threads and pictures a batch suit a device. On a CPU one worker takes every core: batches do
 * not make it faster, and several workers would each hold a copy of the weights. A GPU is fed by one worker.
 */
export function defaultEngineSize({ device, cores }: { device: Device; cores: number }): EngineSize {
  if (device === 'cpu') return { workers: 1, threadsPerWorker: cores, maxBatch: 1 };
  return { workers: 1, threadsPerWorker: 1, maxBatch: GPU_BATCH };
}
