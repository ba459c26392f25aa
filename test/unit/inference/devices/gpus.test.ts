import { describe, expect, it } from 'vitest';
import { chooseGpus, countNvidiaGpus, countVisible } from '../../../../src/inference/devices/gpus.js';

describe('the choice of GPUs', () => {
  it.each([
    ['all', 4, [0, 1, 2, 3]],
    ['all', 0, [0]],
    ['all', undefined, [0]],
    [[2, 0], 4, [2, 0]],
    [[7], undefined, [7]],
  ] as const)('%j of %s GPUs is %j', (choice, count, gpus) => {
    expect(chooseGpus('cuda', choice, count)).toEqual(gpus);
  });

  it('is the only one where a device has no choice', () => {
    expect(chooseGpus('webgpu', 'all', undefined)).toEqual([0]);
  });

  it.each([
    [[0, 2], 2, /GPU 2.*GPUs 0 to 1/],
    [[1], 1, /GPU 1.*only GPU 0/],
  ] as const)('refuses %j of %i', (choice, count, message) => {
    expect(() => chooseGpus('cuda', choice, count)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

describe('the number of GPUs', () => {
  it.each([
    ['0', 1],
    ['0,1, 3', 3],
    ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6,MIG-1', 2],
    ['', 0],
    ['-1', 0],
    ['0,-1,1', 1],
    ['NoDevFiles', 0],
  ])('is what CUDA makes of CUDA_VISIBLE_DEVICES="%s"', async (visible, count) => {
    expect(countVisible(visible)).toBe(count);
    expect(await countNvidiaGpus({ CUDA_VISIBLE_DEVICES: visible })).toBe(count);
  });
});
