import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { DEVICES } from '../../../src/config/schema.js';
import {
  DEVICE_FACTS,
  deviceUnavailable,
  executionProviders,
  requireProvider,
} from '../../../src/inference/devices.js';

const offered = ort.listSupportedBackends().map((backend) => backend.name);

describe('devices', () => {
  it.each(DEVICES)('%s is let through exactly where ONNX Runtime has its provider', (device) => {
    const attempt = () => requireProvider(device);
    if (offered.includes(DEVICE_FACTS[device].providers[0])) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(expect.objectContaining({ code: 'DEVICE_UNAVAILABLE' }));
  });

  it('lets the cpu through on every platform', () => {
    expect(() => requireProvider('cpu')).not.toThrow();
  });

  it('refuses a device of another operating system instead of using the CPU without a word', () => {
    const foreign = process.platform === 'darwin' ? 'directml' : 'coreml';
    expect(() => requireProvider(foreign)).toThrow(
      expect.objectContaining({ code: 'DEVICE_UNAVAILABLE', message: expect.stringContaining(foreign) }),
    );
  });

  it('says how to mend a missing CUDA', () => {
    const error = deviceUnavailable('cuda', 'libcudnn.so.9 was not found');
    expect(error.message).toContain('libcudnn.so.9 was not found');
    for (const part of ['npm run gpu', 'driver', 'CUDA 12', 'cuDNN 9']) expect(error.remedy).toContain(part);
  });

  it('never puts the CPU beside the device that was asked for', () => {
    for (const device of DEVICES.filter((each) => each !== 'cpu'))
      expect(JSON.stringify(executionProviders(device))).not.toContain('cpu');
  });

  it('hands the number of the GPU to the providers that take one, and only to them', () => {
    expect(executionProviders('cuda', 3)).toEqual([{ name: 'cuda', deviceId: 3 }]);
    expect(executionProviders('tensorrt', 1)).toEqual([
      { name: 'tensorrt', deviceId: 1 },
      { name: 'cuda', deviceId: 1 },
    ]);
    expect(executionProviders('webgpu', 1)).toEqual(['webgpu']);
  });
});
