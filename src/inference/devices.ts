import { ClearcutError } from '../errors.js';
import type { Device } from './messages.js';
import ort from './onnx-runtime.js';

type Provider = string | { readonly name: string; readonly deviceId: number };

interface DeviceFacts {
  /** Names of execution providers in onnxruntime-node: the device's own, then the one for what that can't do. */
  readonly providers: readonly [own: string, ...others: string[]];
  /** Whether the GPU can be chosen by its number: onnxruntime-node hands it to these providers only. */
  readonly takesGpu: boolean;
  /** What to do where the device is asked for and does not work, beside installing what is missing. */
  readonly remedy: string;
}

const USE_CPU = 'Or set CLEARCUT_DEVICE=cpu.';

export const DEVICE_FACTS: Readonly<Record<Device, DeviceFacts>> = {
  cpu: { providers: ['cpu'], takesGpu: false, remedy: 'Install the dependencies again: npm ci.' },
  cuda: {
    providers: ['cuda'],
    takesGpu: true,
    remedy: `CUDA needs Linux on x64, an NVIDIA driver, CUDA 12, cuDNN 9 and "npm run gpu"; see docs/gpu.md. ${USE_CPU}`,
  },
  tensorrt: {
    providers: ['tensorrt', 'cuda'],
    takesGpu: true,
    remedy: `TensorRT needs Linux on x64, an NVIDIA driver, CUDA 12, cuDNN 9, TensorRT 10 and "npm run gpu"; see docs/gpu.md. ${USE_CPU}`,
  },
  webgpu: {
    providers: ['webgpu'],
    takesGpu: false,
    remedy: `WebGPU needs a driver for Vulkan (Linux on x64), Direct3D 12 (Windows) or Metal (macOS); see docs/gpu.md. ${USE_CPU}`,
  },
  coreml: { providers: ['coreml'], takesGpu: false, remedy: `CoreML needs macOS. ${USE_CPU}` },
  directml: {
    providers: ['dml'],
    takesGpu: true,
    remedy: `DirectML needs Windows with Direct3D 12. ${USE_CPU}`,
  },
};

/** What a session is asked to run on. Never the CPU beside another device: that would be a silent way back. */
export function executionProviders(device: Device, gpu = 0): Provider[] {
  const { providers, takesGpu } = DEVICE_FACTS[device];
  return takesGpu ? providers.map((name) => ({ name, deviceId: gpu })) : [...providers];
}

/** Throws DEVICE_UNAVAILABLE where this build of ONNX Runtime has no provider for the device. */
export function requireProvider(device: Device): void {
  const [provider] = DEVICE_FACTS[device].providers;
  if (ort.listSupportedBackends().some((backend) => backend.name === provider)) return;
  throw deviceUnavailable(device, `ONNX Runtime has no ${device} on ${process.platform} ${process.arch}`);
}

/**
 * The error for a device that was asked for and does not work: `cause` is what is wrong, `remedy` what helps where
 * more is known than what the device needs in general.
 */
export function deviceUnavailable(device: Device, cause: string, remedy?: string): ClearcutError {
  return new ClearcutError('DEVICE_UNAVAILABLE', `The device "${device}" does not work: ${cause}.`, {
    remedy: remedy === undefined ? DEVICE_FACTS[device].remedy : `${remedy} ${USE_CPU}`,
  });
}
