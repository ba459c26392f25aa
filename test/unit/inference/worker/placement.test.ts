import { describe, expect, it } from 'vitest';
import {
  describeKinds,
  placementProblem,
  readPlacement,
} from '../../../../src/inference/worker/placement.js';

/** Events as ONNX Runtime 1.30 writes them, without what nobody reads. */
function profile(...layers: [kind: string, provider: string, outputBytes: number][]): string {
  const events = layers.map(([op_name, provider, bytes]) => ({
    cat: 'Node',
    name: `${op_name}_kernel_time`,
    args: { op_name, provider, output_size: String(bytes) },
  }));
  const others = [
    { cat: 'Session', name: 'model_run', args: {} },
    { cat: 'Api', name: 'Conv&Conv2dMM' },
  ];
  return JSON.stringify([...others, ...events]);
}

const PICTURE = 1024 * 1024 * 4;

describe('where ONNX Runtime ran a model', () => {
  it('is right when the device ran all but the arithmetic of shapes', () => {
    const placement = readPlacement(
      profile(
        ['Conv', 'WebGpuExecutionProvider', PICTURE],
        ['Slice', 'CPUExecutionProvider', 16],
        ['Concat', 'CPUExecutionProvider', 32],
      ),
      'webgpu',
    );
    expect(placementProblem(placement)).toBeUndefined();
    expect(placement.onDevice).toBe(1);
    expect(describeKinds(placement.lightOnCpu)).toBe('');
  });

  it('is a problem when the CPU ran everything', () => {
    const placement = readPlacement(profile(['Clip', 'CPUExecutionProvider', PICTURE]), 'cuda');
    expect(placementProblem(placement)).toContain('the CPU ran them all');
  });

  it('is a problem when the CPU ran a layer that does the work', () => {
    const placement = readPlacement(
      profile(
        ['Conv', 'CUDAExecutionProvider', PICTURE],
        ['QLinearConv', 'CPUExecutionProvider', PICTURE],
        ['QLinearConv', 'CPUExecutionProvider', 4],
        ['MatMulInteger', 'CPUExecutionProvider', 4],
      ),
      'cuda',
    );
    expect(placementProblem(placement)).toContain('2 QLinearConv, 1 MatMulInteger');
  });

  it('names other layers that the CPU ran on pictures', () => {
    const placement = readPlacement(
      profile(
        ['Conv', 'CoreMLExecutionProvider', PICTURE],
        ['Resize', 'CPUExecutionProvider', PICTURE],
        ['Resize', 'CPUExecutionProvider', PICTURE],
        ['Pad', 'CPUExecutionProvider', PICTURE],
      ),
      'coreml',
    );
    expect(placementProblem(placement)).toBeUndefined();
    expect(describeKinds(placement.lightOnCpu)).toBe('2 Resize, 1 Pad');
  });

  it('counts what TensorRT leaves to CUDA as run by the device', () => {
    const placement = readPlacement(profile(['Conv', 'CUDAExecutionProvider', PICTURE]), 'tensorrt');
    expect(placementProblem(placement)).toBeUndefined();
  });
});
