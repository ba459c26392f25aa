import { describe, expect, it } from 'vitest';
import { adaptChannels } from '../../../src/models/graph/adapt-channels.js';
import { floatsToHalves } from '../../../src/models/graph/float16.js';
import { TensorProto_DataType as DataType, type GraphProto } from '../../../src/models/onnx/onnx_pb.js';
import { floats, graphOf, modelOf, node, noise, runModel, value } from './graphs.js';

const { FLOAT, FLOAT16 } = DataType;
const INPUT = { dims: [1, 1, 8, 8], data: noise(64, 3) };
const TABLE = new Map([['Conv_0', { gain: [2, 0.5], shift: [1, -0.25] }]]);

describe('adaptChannels', () => {
  it('multiplies and moves what a convolution gives', async () => {
    const before = await run(network());
    const graph = network();
    adaptChannels(graph, TABLE);
    const after = await run(graph);
    const channels = TABLE.get('Conv_0') as { gain: number[]; shift: number[] };
    for (const [at, number] of after.entries()) {
      const channel = Math.floor(at / 64);
      const { gain, shift } = { gain: channels.gain[channel] ?? 0, shift: channels.shift[channel] ?? 0 };
      expect(number).toBeCloseTo((before[at] ?? 0) * gain + shift, 5);
    }
  });

  it('gives a bias to a convolution without one', async () => {
    const graph = network();
    for (const conv of graph.node) conv.input = conv.input.slice(0, 2);
    const before = await run(graph);
    adaptChannels(graph, TABLE);
    const after = await run(graph);
    expect(after[0]).toBeCloseTo((before[0] ?? 0) * 2 + 1, 5);
  });

  it.each(['as bytes', 'one in each int32'])('keeps half precision, stored %s', (stored) => {
    const graph = network();
    for (const tensor of graph.initializer) {
      const halves = floatsToHalves(new Float32Array(tensor.rawData.slice().buffer));
      tensor.dataType = FLOAT16;
      tensor.rawData = stored === 'as bytes' ? halves : new Uint8Array();
      if (stored !== 'as bytes') tensor.int32Data = [...new Uint16Array(halves.buffer)];
    }
    adaptChannels(graph, TABLE);
    const [weights, bias] = (graph.node[0]?.input.slice(1) ?? []).map((name) =>
      graph.initializer.find((tensor) => tensor.name === name),
    );
    expect(weights).toMatchObject({ dataType: FLOAT16, dims: [2n, 1n, 3n, 3n] });
    expect(weights?.rawData).toHaveLength(2 * 18);
    // 0.5 x 2 + 1 and -1 x 0.5 - 0.25 in half precision.
    expect(bias?.rawData).toEqual(floatsToHalves(Float32Array.of(2, -0.75)));
  });

  it('leaves a convolution alone that reads the same weights', async () => {
    const graph = network();
    graph.node.push(
      node('Conv', ['input', 'weights', 'bias'], ['other'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    );
    graph.output.push(value('other', FLOAT, [1, 2, 8, 8]));
    const before = await run(network());
    adaptChannels(graph, TABLE);
    const results = await runModel(modelOf(graph), { input: INPUT });
    expect(results['other']?.data).toEqual(before);
  });

  it.each([
    ['of a value that is none', 'Conv_7', { gain: [1, 1], shift: [0, 0] }],
    ['with too few channels', 'Conv_0', { gain: [1], shift: [0] }],
  ])('refuses a table %s', (_, name, channels) => {
    expect(() => adaptChannels(network(), new Map([[name, channels]]))).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining(name) }),
    );
  });
});

async function run(graph: GraphProto): Promise<Float32Array> {
  const results = await runModel(modelOf(graph), { input: INPUT });
  return results['Conv_0']?.data ?? new Float32Array();
}

function network(): GraphProto {
  return graphOf({
    nodes: [
      node('Conv', ['input', 'weights', 'bias'], ['Conv_0'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    ],
    tensors: [floats('weights', [2, 1, 3, 3], [...noise(18, 4)]), floats('bias', [2], [0.5, -1])],
    inputs: [value('input', FLOAT, [1, 1, 8, 8])],
    outputs: [value('Conv_0', FLOAT, [1, 2, 8, 8])],
  });
}
