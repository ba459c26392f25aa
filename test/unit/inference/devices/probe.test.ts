import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { missingFor } from '../../../../src/inference/devices/missing.js';
import { probeDevice } from '../../../../src/inference/devices/probe.js';

const offered = ort.listSupportedBackends().map((backend) => backend.name);
const lacksCuda = offered.includes('cuda') && (await missingFor('cuda')).length > 0;

describe('probe of a device', () => {
  it('lets the CPU through at once', async () => {
    expect(await probeDevice('cpu', 'all')).toEqual([0]);
  });

  it('refuses a device of another operating system', async () => {
    const foreign = process.platform === 'darwin' ? 'directml' : 'coreml';
    await expect(probeDevice(foreign, 'all')).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringContaining(foreign),
    });
  });

  it.skipIf(!lacksCuda).each(['cuda', 'tensorrt'] as const)(
    'refuses %s on a machine without it, and names what is missing',
    async (device) => {
      const missing = await missingFor(device);
      const error = await probeDevice(device, 'all').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'DEVICE_UNAVAILABLE', permanence: 'permanent' });
      for (const { what, remedy } of missing) {
        expect(error).toMatchObject({
          message: expect.stringContaining(what),
          remedy: expect.stringContaining(remedy),
        });
      }
    },
  );
});
