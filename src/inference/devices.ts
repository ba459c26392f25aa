import ort from 'onnxruntime-node';
import { ClearcutError } from '../errors.js';
import type { Device } from './messages.js';

interface DeviceFacts {
  /** The name of the execution provider in onnxruntime-node. */
  readonly provider: string;
  /** What to install where the device is asked for and does not work. */
  readonly remedy: string;
}

const CUDA_NEEDS = 'an NVIDIA driver, CUDA 12 and cuDNN 9';

export const DEVICE_FACTS: Readonly<Record<Device, DeviceFacts>> = {
  cpu: { provider: 'cpu', remedy: 'Install the dependencies again: npm ci.' },
  cuda: {
    provider: 'cuda',
    remedy: `Run "npm run gpu" for the CUDA libraries of ONNX Runtime; the machine needs ${CUDA_NEEDS}. Or set CLEARCUT_DEVICE=cpu.`,
  },
  tensorrt: {
    provider: 'tensorrt',
    remedy: `Run "npm run gpu" for the CUDA libraries of ONNX Runtime; the machine needs ${CUDA_NEEDS}, and TensorRT 10. Or set CLEARCUT_DEVICE=cpu.`,
  },
  webgpu: {
    provider: 'webgpu',
    remedy: 'Install a driver for Vulkan, Direct3D 12 or Metal, or set CLEARCUT_DEVICE=cpu.',
  },
  coreml: { provider: 'coreml', remedy: 'CoreML needs macOS. Set CLEARCUT_DEVICE=cpu.' },
  directml: { provider: 'dml', remedy: 'DirectML needs Windows with Direct3D 12. Set CLEARCUT_DEVICE=cpu.' },
};

/**
 * Throws DEVICE_UNAVAILABLE where this build of ONNX Runtime has no provider for the device. It must be asked
 * first: an unknown provider's name makes ONNX Runtime use the CPU without a word.
 */
export function requireProvider(device: Device): void {
  const { provider } = DEVICE_FACTS[device];
  if (ort.listSupportedBackends().some((backend) => backend.name === provider)) return;
  throw deviceUnavailable(device, `ONNX Runtime has no ${device} on ${process.platform} ${process.arch}`);
}

/** The error for a device that was asked for and does not work: `cause` is what the runtime said. */
export function deviceUnavailable(device: Device, cause: string): ClearcutError {
  const { remedy } = DEVICE_FACTS[device];
  return new ClearcutError('DEVICE_UNAVAILABLE', `The device "${device}" does not work: ${cause}.`, {
    remedy,
  });
}
