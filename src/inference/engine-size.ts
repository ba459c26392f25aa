import type { Device } from './messages.js';

export interface EngineSize {
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly maxBatch: number;
}

const GPU_BATCH = 8;

/**
 * How many workers, threads and pictures a batch suit a device. On a CPU one worker takes every core: batches do
 * not make it faster, and several workers would each hold a copy of the weights. Each GPU is fed by one worker.
 */
export function defaultEngineSize(options: { device: Device; cores: number; gpus?: number }): EngineSize {
  const { device, cores, gpus = 1 } = options;
  if (device === 'cpu') return { workers: 1, threadsPerWorker: cores, maxBatch: 1 };
  return { workers: gpus, threadsPerWorker: 1, maxBatch: GPU_BATCH };
}
