import { describe, expect, it } from 'vitest';
import { nameValues } from '../../../src/models/graph/value-names.js';
import { TensorProto_DataType as DataType, type GraphProto } from '../../../src/models/onnx/onnx_pb.js';
import { graphOf, node, value } from './graphs.js';

const { FLOAT } = DataType;

describe('nameValues', () => {
  it('names inner values by their kind and order, and leaves the ends alone', () => {
    const graph = chain(['a', 'b', 'c']);
    nameValues(graph);
    expect(graph.node.map(({ input, output }) => [...input, ...output])).toEqual([
      ['input', 'Relu_0'],
      ['Relu_0', 'Sigmoid_0'],
      ['Sigmoid_0', 'Relu_1'],
      ['Relu_1', 'output'],
    ]);
  });

  it('gives two exports of one network the same names', () => {
    const [one, other] = [chain(['a', 'b', 'c']), chain(['x/1', 'x/2', 'Relu_0'])];
    nameValues(one);
    nameValues(other);
    expect(other.node.map((each) => each.output)).toEqual(one.node.map((each) => each.output));
  });
});

function chain([a = '', b = '', c = '']: readonly string[]): GraphProto {
  return graphOf({
    nodes: [
      node('Relu', ['input'], [a]),
      node('Sigmoid', [a], [b]),
      node('Relu', [b], [c]),
      node('Relu', [c], ['output']),
    ],
    inputs: [value('input', FLOAT, [1])],
    outputs: [value('output', FLOAT, [1])],
  });
}
