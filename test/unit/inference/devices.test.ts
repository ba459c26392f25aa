import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { DEVICES } from '../../../src/config/schema.js';
import { DEVICE_FACTS, deviceUnavailable, requireProvider } from '../../../src/inference/devices.js';

const offered = ort.listSupportedBackends().map((backend) => backend.name);

describe('devices', () => {
  it.each(DEVICES)('%s is let through exactly where ONNX Runtime has its provider', (device) => {
    const attempt = () => requireProvider(device);
    if (offered.includes(DEVICE_FACTS[device].provider)) expect(attempt).not.toThrow();
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
});
