import { describe, expect, it } from 'vitest';
import { intsOf } from '../../../src/models/graph/build.js';
import { scaleDilations } from '../../../src/models/graph/dilations.js';
import { TensorProto_DataType as DataType, type GraphProto } from '../../../src/models/onnx/onnx_pb.js';
import { floats, graphOf, modelOf, node, noise, runModel, value } from './graphs.js';

const { FLOAT } = DataType;

describe('scaleDilations', () => {
  it.each([
    { to: 1024, dilations: [1, 2, 4, 8, 4, 2, 2] },
    { to: 832, dilations: [1, 2, 3, 7, 3, 2, 2] },
    { to: 640, dilations: [1, 1, 3, 5, 3, 1, 2] },
    { to: 512, dilations: [1, 1, 2, 4, 2, 1, 2] },
    { to: 64, dilations: [1, 1, 1, 1, 1, 1, 2] },
  ])('reaches as far in parts of a picture of $to pixels', ({ to, dilations }) => {
    const graph = deepBlock();
    scaleDilations(graph, 1024, to);
    expect(gapsOf(graph)).toEqual(dilations);
  });

  it('keeps the sizes of all values', async () => {
    const graph = deepBlock();
    scaleDilations(graph, 1024, 512);
    const result = await runModel(modelOf(graph), { input: { dims: [1, 1, 16, 16], data: noise(256, 3) } });
    expect(result['output']?.dims).toEqual([1, 1, 16, 16]);
  });

  it('keeps sizes where kernels are not square', async () => {
    const graph = graphOf({
      nodes: [
        node('Conv', ['input', 'weights'], ['output'], {
          kernel_shape: [3, 5],
          dilations: [4, 8],
          pads: [4, 16, 4, 16],
        }),
      ],
      tensors: [floats('weights', [1, 1, 3, 5], [...noise(15, 4)])],
      inputs: [value('input', FLOAT, [1, 1, 16, 16])],
      outputs: [value('output', FLOAT, [1, 1, 16, 16])],
    });
    scaleDilations(graph, 1024, 512);
    expect(intsOf(graph.node[0] as GraphProto['node'][number], 'pads', [])).toEqual([2, 8, 2, 8]);
    const result = await runModel(modelOf(graph), { input: { dims: [1, 1, 16, 16], data: noise(256, 3) } });
    expect(result['output']?.dims).toEqual([1, 1, 16, 16]);
  });
});

function gapsOf(graph: GraphProto): number[] {
  return graph.node
    .filter(({ opType }) => opType === 'Conv')
    .map((conv) => intsOf(conv, 'dilations', [])[0] ?? 1);
}

/** Convolutions with gaps of 1, 2, 4, 8, 4, 2 as in RSU-4F, and a lone one of 2 as in the other blocks. */
function deepBlock(): GraphProto {
  const conv = (from: string, to: string, gap: number) =>
    node('Conv', [from, 'weights'], [`${to}/conv`], {
      kernel_shape: [3, 3],
      dilations: [gap, gap],
      pads: [gap, gap, gap, gap],
    });
  const joined = (one: string, other: string, to: string, gap: number) => [
    node('Concat', [one, other], [`${to}/both`], { axis: 1 }),
    node('Conv', [`${to}/both`, 'wide weights'], [`${to}/conv`], {
      kernel_shape: [3, 3],
      dilations: [gap, gap],
      pads: [gap, gap, gap, gap],
    }),
  ];
  const relu = (to: string) => node('Relu', [`${to}/conv`], [to]);
  return graphOf({
    nodes: [
      conv('input', 'one', 1),
      relu('one'),
      conv('one', 'two', 2),
      relu('two'),
      conv('two', 'three', 4),
      relu('three'),
      conv('three', 'four', 8),
      relu('four'),
      ...joined('four', 'three', 'three again', 4),
      relu('three again'),
      ...joined('three again', 'two', 'two again', 2),
      relu('two again'),
      node('MaxPool', ['two again'], ['small'], { kernel_shape: [1, 1] }),
      node('Conv', ['small', 'weights'], ['output'], {
        kernel_shape: [3, 3],
        dilations: [2, 2],
        pads: [2, 2, 2, 2],
      }),
    ],
    tensors: [
      floats('weights', [1, 1, 3, 3], [...noise(9, 4)]),
      floats('wide weights', [1, 2, 3, 3], [...noise(18, 5)]),
    ],
    inputs: [value('input', FLOAT, [1, 1, 16, 16])],
    outputs: [value('output', FLOAT, [1, 1, 16, 16])],
  });
}
