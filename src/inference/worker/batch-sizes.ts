import type { Device } from '../messages.js';

/**
 * The sizes of batch a device is prepared for, ascending. A GPU chooses or compiles kernels anew for each new shape,
 * so batches are filled up to one of a few sizes, and each is run once before the first picture: 1, 2, 4, ... and
 * `maxBatch`. TensorRT builds an engine for each, which takes minutes: the smallest and the largest must do. A CPU has
 * nothing to prepare, and would compute the filling too: it runs batches as they are.
 */
export function batchSizes(device: Device, maxBatch: number): number[] {
  if (device === 'cpu') return [1];
  if (device === 'tensorrt') return maxBatch === 1 ? [1] : [1, maxBatch];
  const sizes: number[] = [];
  for (let size = 1; size < maxBatch; size *= 2) sizes.push(size);
  return [...sizes, maxBatch];
}

/** The size that a batch of `count` pictures is run at: the smallest that holds it, or as it is where none does. */
export function paddedSize(count: number, sizes: readonly number[]): number {
  return sizes.find((size) => size >= count) ?? count;
}
