import { describe, expect, it } from 'vitest';
import { keepOutput } from '../../../src/models/graph/prune.js';
import { TensorProto_DataType as DataType } from '../../../src/models/onnx/onnx_pb.js';
import { floats, graphOf, modelOf, node, opsOf, runModel, value } from './graphs.js';

const { FLOAT } = DataType;

/** Two heads on one trunk; `side` is one of them, with weights and an input of its own. */
function twoHeads() {
  return graphOf({
    nodes: [
      node('Mul', ['input', 'trunk'], ['shared']),
      node('Mul', ['shared', 'side weights'], ['weighted']),
      node('Add', ['weighted', 'extra'], ['side']),
      node('Neg', ['shared'], ['output']),
    ],
    tensors: [floats('trunk', [1], [3]), floats('side weights', [1], [5])],
    inputs: [value('input', FLOAT, [2]), value('extra', FLOAT, [2])],
    outputs: [value('side', FLOAT, [2]), value('output', FLOAT, [2])],
    inner: [value('shared', FLOAT, [2])],
  });
}

describe('keepOutput', () => {
  it('keeps one output and nothing that it does not need', () => {
    const graph = twoHeads();
    keepOutput(graph, 'output');
    expect(opsOf(graph)).toEqual(['Mul', 'Neg']);
    expect(graph.output.map(({ name }) => name)).toEqual(['output']);
    expect(graph.input.map(({ name }) => name)).toEqual(['input']);
    expect(graph.initializer.map(({ name }) => name)).toEqual(['trunk']);
    expect(graph.valueInfo).toEqual([]);
  });

  it('leaves the values of the output as they were', async () => {
    const input = { dims: [2], data: Float32Array.of(0.5, -2) };
    const extra = { dims: [2], data: Float32Array.of(7, 7) };
    const before = await runModel(modelOf(twoHeads()), { input, extra });
    const graph = twoHeads();
    keepOutput(graph, 'output');
    const after = await runModel(modelOf(graph), { input });
    expect(Object.keys(after)).toEqual(['output']);
    expect(after['output']).toEqual(before['output']);
  });

  it('keeps every output of a node of which one is needed', async () => {
    const graph = graphOf({
      nodes: [node('Split', ['input'], ['unused', 'output'], { axis: 0 })],
      inputs: [value('input', FLOAT, [2])],
      outputs: [value('output', FLOAT, [1])],
    });
    keepOutput(graph, 'output');
    const { output } = await runModel(modelOf(graph), { input: { dims: [2], data: Float32Array.of(1, 2) } });
    expect(output?.data).toEqual(Float32Array.of(2));
  });

  it('does not take an input that is left out for one that another node leaves out', () => {
    const graph = graphOf({
      nodes: [
        node('Dropout', ['input'], ['dropped', '']),
        node('Clip', ['input', '', 'most'], ['output']),
        node('Neg', ['dropped'], ['side']),
      ],
      tensors: [floats('most', [], [1])],
      inputs: [value('input', FLOAT, [2])],
      outputs: [value('output', FLOAT, [2]), value('side', FLOAT, [2])],
    });
    keepOutput(graph, 'output');
    expect(opsOf(graph)).toEqual(['Clip']);
  });

  it('refuses a graph without that output', () => {
    expect(() => keepOutput(twoHeads(), 'matte')).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('"matte"') }),
    );
  });
});
