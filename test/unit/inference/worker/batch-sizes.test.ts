import { describe, expect, it } from 'vitest';
import { batchSizes, paddedSize } from '../../../../src/inference/worker/batch-sizes.js';

describe('batch sizes', () => {
  it.each([
    [1, [1]],
    [2, [1, 2]],
    [3, [1, 2, 3]],
    [8, [1, 2, 4, 8]],
    [12, [1, 2, 4, 8, 12]],
  ])('prepare a GPU for powers of two up to %i', (maxBatch, sizes) => {
    expect(batchSizes('cuda', maxBatch)).toEqual(sizes);
  });

  it('prepare TensorRT for the smallest and the largest only', () => {
    expect(batchSizes('tensorrt', 8)).toEqual([1, 8]);
    expect(batchSizes('tensorrt', 1)).toEqual([1]);
  });

  it('pad to the next size that a GPU is prepared for', () => {
    const padded = [1, 2, 3, 4, 5, 8].map((count) => paddedSize(count, batchSizes('webgpu', 8)));
    expect(padded).toEqual([1, 2, 4, 4, 8, 8]);
  });

  it('leave batches as they are on a CPU', () => {
    expect([1, 2, 3, 7].map((count) => paddedSize(count, batchSizes('cpu', 8)))).toEqual([1, 2, 3, 7]);
  });
});
