import { describe, expect, it } from 'vitest';
import { freeBatch, scaleSide } from '../../../src/models/graph/dimensions.js';
import { TensorProto_DataType as DataType, type GraphProto } from '../../../src/models/onnx/onnx_pb.js';
import {
  floats,
  graphOf,
  int64s,
  largestDifference,
  modelOf,
  node,
  noise,
  runModel,
  shapeOf,
  value,
} from './graphs.js';

const { FLOAT } = DataType;

describe('freeBatch', () => {
  it('makes the first dimension of inputs and outputs symbolic and no other', () => {
    const graph = halveAndRestore(8);
    freeBatch(graph);
    expect(shapeOf(graph.input[0])).toEqual(['N', 1, 8, 8]);
    expect(shapeOf(graph.output[0])).toEqual(['N', 1, 8, 8]);
  });

  it('lets a batch of two give what two single runs give', async () => {
    const graph = halveAndRestore(8);
    freeBatch(graph);
    const pictures = [noise(64, 1), noise(64, 2)];
    const singles = await Promise.all(pictures.map((picture) => run(graph, picture, [1, 1, 8, 8])));
    const both = await run(graph, Float32Array.from(pictures.flatMap((each) => [...each])), [2, 1, 8, 8]);
    expect(both.dims).toEqual([2, 1, 8, 8]);
    expect(largestDifference(both.data, Float32Array.from(singles.flatMap(({ data }) => [...data])))).toBe(0);
  });

  it('leaves weights alone that are listed among the inputs, as old exporters do', async () => {
    const graph = halveAndRestore(8);
    graph.input.push(value('weights', FLOAT, [1, 1, 1, 1]), value('bias', FLOAT, [1]));
    freeBatch(graph);
    expect(shapeOf(graph.input[1])).toEqual([1, 1, 1, 1]);
    expect(shapeOf(graph.input[2])).toEqual([1]);
    expect((await run(graph, noise(128, 3), [2, 1, 8, 8])).dims).toEqual([2, 1, 8, 8]);
  });

  it.each([
    { name: 'an initializer', constant: 'initializer' },
    { name: 'a Constant node', constant: 'node' },
  ])('refuses a Reshape to a batch of one, told by $name', ({ constant }) => {
    expect(() => freeBatch(reshaped([1, 4, 4, 4], constant === 'node'))).toThrow(refusal('Reshape'));
  });

  it('refuses a Reshape that joins the pixels of one picture', () => {
    expect(() => freeBatch(reshaped([1, 64]))).toThrow(refusal('Reshape'));
  });

  it('refuses a Reshape to a shape that is put together from constants', () => {
    const graph = graphOf({
      nodes: [
        node('Concat', ['one', 'rest'], ['shape'], { axis: 0 }),
        node('Reshape', ['input', 'shape'], ['output']),
      ],
      tensors: [int64s('one', [1]), int64s('rest', [4, 4, 4])],
      inputs: [value('input', FLOAT, [1, 1, 8, 8])],
      outputs: [value('output', FLOAT, [1, 4, 4, 4])],
    });
    expect(() => freeBatch(graph)).toThrow(refusal('Reshape'));
  });

  it('refuses a Resize to sizes with a batch of one', () => {
    const graph = graphOf({
      nodes: [node('Resize', ['input', '', '', 'sizes'], ['output'])],
      tensors: [int64s('sizes', [1, 1, 16, 16])],
      inputs: [value('input', FLOAT, [1, 1, 8, 8])],
      outputs: [value('output', FLOAT, [1, 1, 16, 16])],
    });
    expect(() => freeBatch(graph)).toThrow(refusal('Resize'));
  });

  it.each([
    { name: 'keeps the batch', shape: [0, 4, 4, 4] },
    { name: 'takes the batch from the number of elements', shape: [-1, 4, 4, 4] },
  ])('allows a Reshape that $name', async ({ shape }) => {
    const graph = reshaped(shape);
    freeBatch(graph);
    expect((await run(graph, noise(128, 4), [2, 1, 8, 8])).dims).toEqual([2, 4, 4, 4]);
  });

  it('allows a Reshape of weights', async () => {
    const graph = graphOf({
      nodes: [
        node('Reshape', ['bias', 'shape'], ['bias of a channel']),
        node('Add', ['input', 'bias of a channel'], ['output']),
      ],
      tensors: [int64s('shape', [1, -1, 1, 1]), floats('bias', [2], [1, 2])],
      inputs: [value('input', FLOAT, [1, 2, 1, 1])],
      outputs: [value('output', FLOAT, [1, 2, 1, 1])],
    });
    freeBatch(graph);
    const { data } = await run(graph, new Float32Array(4), [2, 2, 1, 1]);
    expect(data).toEqual(Float32Array.of(1, 2, 1, 2));
  });

  it('refuses inputs that are no pictures', () => {
    const graph = graphOf({
      nodes: [node('Relu', ['input'], ['output'])],
      inputs: [value('input', FLOAT, [1, 64])],
      outputs: [value('output', FLOAT, [1, 64])],
    });
    expect(() => freeBatch(graph)).toThrow(refusal('"input"'));
  });
});

describe('scaleSide', () => {
  it.each([4, 16])('brings a network for 8 pixels to %d', async (side) => {
    const scaled = halveAndRestore(8);
    scaleSide(scaled, 8, side);
    expect(shapeOf(scaled.input[0])).toEqual([1, 1, side, side]);
    expect(shapeOf(scaled.output[0])).toEqual([1, 1, side, side]);
    const picture = noise(side * side, 5);
    // The same network, built for that side from the start.
    const expected = await run(halveAndRestore(side), picture, [1, 1, side, side]);
    expect(await run(scaled, picture, [1, 1, side, side])).toEqual(expected);
  });

  it('scales a size once that several nodes share', async () => {
    const graph = halveAndRestore(8);
    graph.node.push(node('Resize', ['output', '', '', 'sizes'], ['again'], { mode: 'linear' }));
    graph.output = [value('again', FLOAT, [1, 1, 8, 8])];
    scaleSide(graph, 8, 16);
    expect((await run(graph, noise(256, 6), [1, 1, 16, 16], 'again')).dims).toEqual([1, 1, 16, 16]);
  });

  it('changes nothing where the side stays', () => {
    const graph = halveAndRestore(8);
    scaleSide(graph, 8, 8);
    expect(graph).toEqual(halveAndRestore(8));
  });

  it('refuses a side where a size would not be a whole number', () => {
    expect(() => scaleSide(quarterAndRestore(), 8, 6)).toThrow(refusal('The side 6'));
  });
});

function refusal(message: string) {
  return expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining(message) });
}

/** Halves a picture by a convolution and enlarges it again, in the way PyTorch exports an interpolation to a size. */
function halveAndRestore(side: number): GraphProto {
  return graphOf({
    nodes: [
      node('Conv', ['input', 'weights', 'bias'], ['small'], { kernel_shape: [1, 1], strides: [2, 2] }),
      ...enlarge('small', 'output'),
    ],
    tensors: [
      floats('weights', [1, 1, 1, 1], [2]),
      floats('bias', [1], [0.25]),
      ...sizes('height and width', side),
    ],
    inputs: [value('input', FLOAT, [1, 1, side, side])],
    outputs: [value('output', FLOAT, [1, 1, side, side])],
  });
}

/** As above, with sizes of 2 inside for an input of 8. */
function quarterAndRestore(): GraphProto {
  return graphOf({
    nodes: [
      node('MaxPool', ['input'], ['tiny'], { kernel_shape: [8, 8], strides: [8, 8] }),
      ...enlarge('tiny', 'output'),
    ],
    tensors: sizes('height and width', 2),
    inputs: [value('input', FLOAT, [1, 1, 8, 8])],
    outputs: [value('output', FLOAT, [1, 1, 2, 2])],
  });
}

function enlarge(input: string, output: string) {
  return [
    node('Shape', [input], ['shape']),
    node('Slice', ['shape', 'start', 'end', 'axis'], ['batch and channels']),
    node('Concat', ['batch and channels', 'height and width'], ['sizes'], { axis: 0 }),
    node('Resize', [input, '', '', 'sizes'], [output], { mode: 'linear' }),
  ];
}

function sizes(name: string, side: number) {
  return [int64s('start', [0]), int64s('end', [2]), int64s('axis', [0]), int64s(name, [side, side])];
}

function reshaped(shape: number[], asNode = false): GraphProto {
  return graphOf({
    nodes: [
      ...(asNode ? [node('Constant', [], ['shape'], { value: int64s('', shape) })] : []),
      node('Reshape', ['input', 'shape'], ['output']),
    ],
    tensors: asNode ? [] : [int64s('shape', shape)],
    inputs: [value('input', FLOAT, [1, 1, 8, 8])],
    outputs: [value('output', FLOAT, [1, 4, 4, 4])],
  });
}

async function run(graph: GraphProto, picture: Float32Array, dims: number[], output = 'output') {
  const results = await runModel(modelOf(graph), { input: { dims, data: picture } });
  const result = results[output];
  if (result === undefined) throw new Error(`no ${output}`);
  return result;
}
