import { describe, expect, it } from 'vitest';
import { removeUnused } from '../../../src/models/graph/prune.js';
import { scaleResizes } from '../../../src/models/graph/resize-scales.js';
import { TensorProto_DataType as DataType, type GraphProto } from '../../../src/models/onnx/onnx_pb.js';
import {
  floats,
  graphOf,
  int64s,
  largestDifference,
  modelOf,
  node,
  noise,
  opsOf,
  runModel,
  value,
} from './graphs.js';

const { FLOAT } = DataType;

describe('scaleResizes', () => {
  it('gives the same numbers without any arithmetic on shapes', async () => {
    const before = restoring(8, 8);
    const after = restoring(8, 8);
    scaleResizes(after, 'input', 8);
    removeUnused(after);
    expect(opsOf(after)).toEqual(['Conv', 'MaxPool', 'Resize']);
    const input = { dims: [1, 1, 8, 8], data: noise(64, 3) };
    const [wanted, found] = await Promise.all(
      [before, after].map((graph) => runModel(modelOf(graph), { input })),
    );
    expect(found?.['output']?.dims).toEqual([1, 1, 8, 8]);
    expect(
      largestDifference(
        found?.['output']?.data ?? new Float32Array(),
        wanted?.['output']?.data ?? new Float32Array(1),
      ),
    ).toBe(0);
  });

  it('leaves alone a size that is no whole multiple', () => {
    const graph = restoring(8, 6);
    scaleResizes(graph, 'input', 8);
    removeUnused(graph);
    expect(opsOf(graph)).toContain('Shape');
  });

  it('leaves alone what it cannot follow', () => {
    const graph = restoring(8, 8);
    graph.node.splice(
      1,
      1,
      node('AveragePool', ['features'], ['small'], { kernel_shape: [2, 2], strides: [2, 2] }),
    );
    scaleResizes(graph, 'input', 8);
    removeUnused(graph);
    expect(opsOf(graph)).toContain('Shape');
  });
});

/** A network that halves a picture and enlarges it to a constant size, as PyTorch exports it. */
function restoring(side: number, to: number): GraphProto {
  return graphOf({
    nodes: [
      node('Conv', ['input', 'weights'], ['features'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('MaxPool', ['features'], ['small'], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
      node('Shape', ['small'], ['shape']),
      node('Slice', ['shape', 'start', 'end', 'axis'], ['batch and channels']),
      node('Concat', ['batch and channels', 'height and width'], ['sizes'], { axis: 0 }),
      node('Resize', ['small', '', '', 'sizes'], ['output'], { mode: 'linear' }),
    ],
    tensors: [
      floats('weights', [1, 1, 3, 3], [...noise(9, 4)]),
      int64s('start', [0]),
      int64s('end', [2]),
      int64s('axis', [0]),
      int64s('height and width', [to, to]),
    ],
    inputs: [value('input', FLOAT, [1, 1, side, side])],
    outputs: [value('output', FLOAT, [1, 1, to, to])],
  });
}
