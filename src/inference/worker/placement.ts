import type { Device } from '../messages.js';

/**
 * Where ONNX Runtime ran the layers of a model. A provider may leave any layer to the CPU without a word, and
 * `session.disable_cpu_ep_fallback` cannot forbid it: it also counts the few numbers that describe a shape, which
 * every provider computes on the CPU on purpose. So the profile of the first run is read instead.
 */
export interface Placement {
  /** Layers that the device ran. */
  readonly onDevice: number;
  /** Layers on the CPU that do most of a network's work (convolutions, products of matrices): kind to count. */
  readonly heavyOnCpu: ReadonlyMap<string, number>;
  /** Other layers on the CPU that work on pictures, not on shapes: kind to count. */
  readonly lightOnCpu: ReadonlyMap<string, number>;
}

/** The providers whose layers count as run by the device; what TensorRT can't do, CUDA does. */
const PROVIDERS: Readonly<Record<Device, readonly string[]>> = {
  cpu: ['CPUExecutionProvider'],
  cuda: ['CUDAExecutionProvider'],
  tensorrt: ['TensorrtExecutionProvider', 'CUDAExecutionProvider'],
  webgpu: ['WebGpuExecutionProvider'],
  coreml: ['CoreMLExecutionProvider'],
  directml: ['DmlExecutionProvider'],
};

const HEAVY = /conv|matmul|gemm|attention|einsum|lstm|gru/i;
/** Bytes of output up to which a layer counts as the arithmetic of shapes. */
const SHAPE_BYTES = 1024;

interface ProfileEvent {
  readonly cat?: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string; readonly output_size?: string };
}

/** Reads the profile of one run: the JSON that ONNX Runtime writes. */
export function readPlacement(profile: string, device: Device): Placement {
  const events = JSON.parse(profile) as ProfileEvent[];
  let onDevice = 0;
  const heavyOnCpu = new Map<string, number>();
  const lightOnCpu = new Map<string, number>();
  for (const { cat, args } of events) {
    if (cat !== 'Node' || args?.provider === undefined) continue;
    const kind = args.op_name ?? 'unnamed';
    if (PROVIDERS[device].includes(args.provider)) onDevice += 1;
    else if (HEAVY.test(kind)) count(heavyOnCpu, kind);
    else if (Number(args.output_size ?? 0) > SHAPE_BYTES) count(lightOnCpu, kind);
  }
  return { onDevice, heavyOnCpu, lightOnCpu };
}

/** What makes a placement unacceptable; undefined where it is as asked for. */
export function placementProblem({ onDevice, heavyOnCpu }: Placement): string | undefined {
  if (onDevice === 0) return 'it ran no layer of the model, the CPU ran them all';
  if (heavyOnCpu.size === 0) return undefined;
  return `it leaves layers that do the work to the CPU: ${describeKinds(heavyOnCpu)}`;
}

/** Such as "34 Resize, 2 Pad". */
export function describeKinds(kinds: ReadonlyMap<string, number>): string {
  return [...kinds].map(([kind, layers]) => `${layers} ${kind}`).join(', ');
}

function count(kinds: Map<string, number>, kind: string): void {
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
}
