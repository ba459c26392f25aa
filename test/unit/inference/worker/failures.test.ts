import { describe, expect, it } from 'vitest';
import { failureKind } from '../../../../src/inference/worker/failures.js';

describe('failureKind', () => {
  it.each([
    'Failed to allocate memory for requested buffer of size 2415919104',
    'BFCArena::AllocateRawInternal Available memory of 1048576 is smaller than requested bytes of 8388608',
    'CUDA failure 2: out of memory ; GPU=0 ; hostname=a ; expr=cudaMalloc((void**)&p, size);',
    'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
    'Allocation failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
    'WebGPU uncaptured error(3): Out of memory',
    'std::bad_alloc',
    'Exception(1) tid(1) 8007000E Not enough memory resources are available to complete this operation.',
  ])('takes "%s" for want of memory', (message) => {
    expect(failureKind(message)).toBe('out-of-memory');
  });

  it.each([
    'CUDA failure 700: an illegal memory access was encountered',
    'CUDA failure 719: unspecified launch failure',
    '[Device "0"] is lost.',
    'Device was lost: out of memory',
    'vkQueueSubmit failed with VK_ERROR_DEVICE_LOST',
    '887A0005 The GPU device instance has been suspended: DXGI_ERROR_DEVICE_REMOVED',
  ])('takes "%s" for a lost device', (message) => {
    expect(failureKind(message)).toBe('device-lost');
  });

  it.each([
    'Non-zero status code returned while running Conv node.',
    'Got invalid dimensions for input: input index: 2 Got: 7 Expected: 16',
    'CUDA failure 9: invalid configuration argument',
  ])('takes "%s" for neither', (message) => {
    expect(failureKind(message)).toBe('other');
  });
});
