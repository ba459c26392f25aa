import { describe, expect, it } from 'vitest';
import { defaultEngineSize } from '../../../src/inference/engine-size.js';

describe('defaultEngineSize', () => {
  it.each([1, 2, 16])('gives one worker all %i cores of a CPU, a picture at a time', (cores) => {
    expect(defaultEngineSize({ device: 'cpu', cores })).toEqual({
      workers: 1,
      threadsPerWorker: cores,
      maxBatch: 1,
    });
  });

  it.each(['cuda', 'tensorrt', 'webgpu', 'coreml', 'directml'] as const)(
    'feeds %s batches of 8',
    (device) => {
      expect(defaultEngineSize({ device, cores: 16 }).maxBatch).toBe(8);
    },
  );

  it('gives each GPU a worker', () => {
    expect(defaultEngineSize({ device: 'cuda', cores: 16, gpus: 4 }).workers).toBe(4);
    expect(defaultEngineSize({ device: 'webgpu', cores: 16 }).workers).toBe(1);
  });
});
