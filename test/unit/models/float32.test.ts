import { describe, expect, it } from 'vitest';
import { toFloat32 } from '../../../src/models/graph/float32.js';
import { TensorProto_DataType as DataType, type GraphProto } from '../../../src/models/onnx/onnx_pb.js';
import {
  cast,
  floats,
  graphOf,
  halves,
  int64s,
  largestDifference,
  modelOf,
  node,
  noise,
  opsOf,
  runModel,
  value,
} from './graphs.js';

const { FLOAT, FLOAT16, INT64, INT32 } = DataType;

describe('toFloat32', () => {
  it.each(['raw_data', 'int32_data'] as const)('widens weights kept in %s', async (storage) => {
    const graph = graphOf({
      nodes: [
        cast('input', 'half', FLOAT16),
        node('Mul', ['half', 'weights'], ['product']),
        toOutput('product'),
      ],
      tensors: [halves('weights', [4], [0.5, -2, 2 ** -24, 65_504], storage)],
      inputs: [value('input', FLOAT, [4])],
      outputs: [value('output', FLOAT, [4])],
      inner: [value('half', FLOAT16, [4]), value('product', FLOAT16, [4])],
    });
    toFloat32(graph);
    expect(opsOf(graph)).toEqual(['Mul']);
    expect(await outputOf(graph, [1, 1, 1, 0.5])).toEqual([0.5, -2, 2 ** -24, 32_752]);
  });

  it('widens constants inside nodes', async () => {
    const graph = graphOf({
      nodes: [
        node('Constant', [], ['factor'], { value: halves('', [1], [0.25]) }),
        cast('input', 'half', FLOAT16),
        node('Mul', ['half', 'factor'], ['product']),
        toOutput('product'),
      ],
      inputs: [value('input', FLOAT, [2])],
      outputs: [value('output', FLOAT, [2])],
      inner: [value('product', FLOAT16, [2])],
    });
    toFloat32(graph);
    expect(await outputOf(graph, [4, 6])).toEqual([1, 1.5]);
  });

  it('leaves weights of other types as they are', () => {
    const tensors = [floats('weights', [2], [0.1, 0.2]), int64s('sizes', [3, 4])];
    const graph = graphOf({ nodes: [], tensors, inputs: [], outputs: [] });
    const before = structuredClone(graph.initializer);
    toFloat32(graph);
    expect(graph.initializer).toEqual(before);
  });

  it('records float32 for inputs, outputs and inner values', () => {
    const graph = graphOf({
      nodes: [node('Relu', ['input'], ['inner']), node('Relu', ['inner'], ['output'])],
      inputs: [value('input', FLOAT16, [4])],
      outputs: [value('output', FLOAT16, [4])],
      inner: [value('inner', FLOAT16, [4]), value('index', INT64, [4])],
    });
    toFloat32(graph);
    expect([...graph.input, ...graph.output, ...graph.valueInfo].map(elementType)).toEqual([
      FLOAT,
      FLOAT,
      FLOAT,
      INT64,
    ]);
  });

  it('gives what the float16 graph gives, up to the rounding of halves', async () => {
    const build = () =>
      graphOf({
        nodes: [
          cast('input', 'half', FLOAT16),
          node('Mul', ['half', 'weights'], ['scaled']),
          node('Sigmoid', ['scaled'], ['probability']),
          toOutput('probability'),
        ],
        tensors: [halves('weights', [8], [1, 2, 3, 4, -1, -2, -3, -4])],
        inputs: [value('input', FLOAT, [8])],
        outputs: [value('output', FLOAT, [8])],
        inner: [value('probability', FLOAT16, [8])],
      });
    const changed = build();
    toFloat32(changed);
    const input = { dims: [8], data: noise(8, 1) };
    const before = await runModel(modelOf(build()), { input });
    const after = await runModel(modelOf(changed), { input });
    expect(largestDifference(data(after), data(before))).toBeLessThan(2e-3);
  });
});

describe('toFloat32 at casts', () => {
  it('drops them at the input of the graph and wherever their value goes', async () => {
    const graph = graphOf({
      nodes: [
        cast('input', 'half', FLOAT16),
        node('Relu', ['half'], ['positive']),
        node('Sub', ['positive', 'half'], ['output']),
      ],
      inputs: [value('input', FLOAT, [2])],
      outputs: [value('output', FLOAT16, [2])],
    });
    toFloat32(graph);
    expect(opsOf(graph)).toEqual(['Relu', 'Sub']);
    expect(await outputOf(graph, [-3, 5])).toEqual([3, 0]);
  });

  it('keeps the name of an output of the graph that a dropped cast made', async () => {
    const graph = graphOf({
      nodes: [
        node('Relu', ['input'], ['positive']),
        cast('positive', 'output', FLOAT),
        node('Neg', ['positive'], ['negative']),
      ],
      inputs: [value('input', FLOAT16, [2])],
      outputs: [value('output', FLOAT, [2]), value('negative', FLOAT16, [2])],
      inner: [value('positive', FLOAT16, [2])],
    });
    toFloat32(graph);
    expect(opsOf(graph)).toEqual(['Relu', 'Neg']);
    expect(await outputOf(graph, [-3, 5])).toEqual([0, 5]);
  });

  it('drops a chain of casts that ends at an output of the graph', async () => {
    const graph = graphOf({
      nodes: [node('Relu', ['input'], ['a']), cast('a', 'b', FLOAT16), cast('b', 'output', FLOAT)],
      inputs: [value('input', FLOAT, [2])],
      outputs: [value('output', FLOAT, [2])],
      inner: [value('a', FLOAT, [2]), value('b', FLOAT16, [2])],
    });
    toFloat32(graph);
    expect(opsOf(graph)).toEqual(['Relu']);
    expect(await outputOf(graph, [-3, 5])).toEqual([0, 5]);
  });

  it('keeps one cast where a value leaves the graph under two names', async () => {
    const graph = graphOf({
      nodes: [
        node('Relu', ['input'], ['positive']),
        cast('positive', 'output', FLOAT),
        cast('positive', 'again', FLOAT),
      ],
      inputs: [value('input', FLOAT, [2])],
      outputs: [value('output', FLOAT, [2]), value('again', FLOAT, [2])],
      inner: [value('positive', FLOAT, [2])],
    });
    toFloat32(graph);
    expect(opsOf(graph)).toEqual(['Relu', 'Cast']);
    expect(await outputOf(graph, [-3, 5], 'again')).toEqual([0, 5]);
    expect(await outputOf(graph, [-3, 5])).toEqual([0, 5]);
  });

  it('keeps a cast from the input of the graph straight to its output', async () => {
    const graph = graphOf({
      nodes: [cast('input', 'output', FLOAT)],
      inputs: [value('input', FLOAT, [2])],
      outputs: [value('output', FLOAT, [2])],
    });
    toFloat32(graph);
    expect(await outputOf(graph, [-3, 5])).toEqual([-3, 5]);
  });

  it('keeps those between integers and floats', async () => {
    const graph = graphOf({
      nodes: [
        cast('input', 'half', FLOAT16),
        cast('half', 'whole', INT32),
        cast('whole', 'rounded', FLOAT16),
        node('Shape', ['half'], ['shape']),
        cast('shape', 'count', FLOAT16),
        node('Mul', ['rounded', 'count'], ['product']),
        toOutput('product'),
      ],
      inputs: [value('input', FLOAT, [3])],
      outputs: [value('output', FLOAT, [3])],
      inner: [value('whole', INT32, [3]), value('shape', INT64, [1]), value('product', FLOAT16, [3])],
    });
    toFloat32(graph);
    expect(opsOf(graph)).toEqual(['Cast', 'Cast', 'Shape', 'Cast', 'Mul']);
    // Rounded towards zero, times the three elements.
    expect(await outputOf(graph, [1.5, -2.75, 0.25])).toEqual([3, -6, 0]);
  });
});

function toOutput(name: string) {
  return cast(name, 'output', FLOAT);
}

function elementType({ type }: GraphProto['input'][number]): number | undefined {
  return type?.value.case === 'tensorType' ? type.value.value.elemType : undefined;
}

async function outputOf(graph: GraphProto, input: number[], output = 'output'): Promise<number[]> {
  const results = await runModel(modelOf(graph), {
    input: { dims: [input.length], data: Float32Array.from(input) },
  });
  return [...(results[output]?.data ?? [])];
}

function data(results: Awaited<ReturnType<typeof runModel>>): Float32Array {
  return results['output']?.data ?? new Float32Array();
}
