import type { Device } from '../messages.js';
import { missingForCuda } from './missing-cuda.js';
import { missingForVulkan } from './missing-vulkan.js';
import { type Places, thisMachine } from './places.js';

/** A part that a device needs and this machine lacks. */
export interface MissingPart {
  /** Such as "libcudnn.so.9 (cuDNN)". */
  readonly what: string;
  /** How to get it; the same text for parts that come together. */
  readonly remedy: string;
}

/** What is missing for a device that does not work, where files can tell. */
export async function missingFor(device: Device, places?: Places): Promise<MissingPart[]> {
  if (process.platform !== 'linux') return [];
  if (device === 'cuda' || device === 'tensorrt')
    return missingForCuda(device, places ?? (await thisMachine()));
  if (device === 'webgpu') return missingForVulkan(places ?? (await thisMachine()));
  return [];
}
