import { describe, expect, it } from 'vitest';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/models/onnx/onnx_pb.js';
import { type GraphFacts, prepareGraph } from '../../../src/models/prepare-graph.js';
import {
  graphOf,
  largestDifference,
  modelOf,
  node,
  noise,
  opsOf,
  runModel,
  shapeOf,
  value,
} from './graphs.js';
import { NETWORK_SIDE, network } from './network.js';

const NORMAL = { mean: [0.5, 0.5, 0.5], std: [1, 1, 1] } satisfies Partial<GraphFacts['input']>;
const FACTS: GraphFacts = {
  input: { name: 'input', side: NETWORK_SIDE, ...NORMAL },
  output: { name: 'output' },
};
const FORM = { side: NETWORK_SIDE, sideOutput: 0 };
const PICTURE = 3 * NETWORK_SIDE * NETWORK_SIDE;

describe('prepareGraph', () => {
  it('leaves float32 operations only, and only those that the output needs', () => {
    const { graph } = prepared(NETWORK_SIDE);
    expect(graph && opsOf(graph)).toEqual(['Conv', 'Relu', 'Conv', 'Resize', 'Sigmoid']);
    expect(graph?.initializer.map(({ dataType }) => dataType)).not.toContain(DataType.FLOAT16);
  });

  it('gives the mattes of the network as shipped, up to the rounding of halves', async () => {
    const input = { dims: [1, 3, NETWORK_SIDE, NETWORK_SIDE], data: noise(PICTURE, 9) };
    const shipped = await outputOf(network(), input);
    const after = await outputOf(prepared(NETWORK_SIDE), input);
    expect(after.dims).toEqual(shipped.dims);
    expect(spread(shipped.data)).toBeGreaterThan(0.1);
    expect(largestDifference(after.data, shipped.data)).toBeLessThan(2e-3);
  });

  it.each([NETWORK_SIDE, 8, 32])(
    'gives a batch of two what two single runs give, at %d pixels',
    async (side) => {
      const model = prepared(side);
      const size = 3 * side * side;
      const pictures = noise(2 * size, 10);
      const both = await outputOf(model, { dims: [2, 3, side, side], data: pictures });
      expect(both.dims).toEqual([2, 1, side, side]);
      for (const index of [0, 1]) {
        const data = pictures.slice(index * size, (index + 1) * size);
        const single = await outputOf(model, { dims: [1, 3, side, side], data });
        const matte = both.data.slice(index * side * side, (index + 1) * side * side);
        expect(largestDifference(matte, single.data)).toBeLessThan(1e-6);
      }
    },
  );

  it('records the new side and the free batch', () => {
    const { graph } = prepared(8);
    expect(shapeOf(graph?.input[0])).toEqual(['N', 3, 8, 8]);
    expect(shapeOf(graph?.output[0])).toEqual(['N', 1, 8, 8]);
  });

  it('gives the ends of the network the names of the catalogue, whatever its exporter called them', async () => {
    const facts = { input: { ...FACTS.input, name: 'picture' }, output: { name: 'alpha' } };
    const model = network();
    prepareGraph(model, facts, FORM);
    const picture = { dims: [1, 3, NETWORK_SIDE, NETWORK_SIDE], data: noise(PICTURE, 11) };
    const { alpha } = await runModel(model, { picture });
    expect(alpha).toEqual(await outputOf(prepared(NETWORK_SIDE), picture));
  });

  it('keeps the output that has the name of the catalogue, though another comes first', async () => {
    const model = network();
    model.graph?.output.reverse();
    prepareGraph(model, FACTS, FORM);
    const picture = { dims: [1, 3, NETWORK_SIDE, NETWORK_SIDE], data: noise(PICTURE, 12) };
    expect(await outputOf(model, picture)).toEqual(await outputOf(prepared(NETWORK_SIDE), picture));
  });

  it('refuses a model without a graph', () => {
    const model = network();
    delete model.graph;
    expect(() => prepareGraph(model, FACTS, FORM)).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }),
    );
  });

  it('refuses a graph with branches, whose inner graphs the passes would overlook', () => {
    const branch = graphOf({
      nodes: [node('Relu', ['input'], ['result'])],
      inputs: [],
      outputs: [value('result', DataType.FLOAT, [1, 1, 2, 2])],
    });
    const model = modelOf(
      graphOf({
        nodes: [node('If', ['choice'], ['output'], { then_branch: branch, else_branch: branch })],
        inputs: [value('choice', DataType.BOOL, [1]), value('input', DataType.FLOAT, [1, 1, 2, 2])],
        outputs: [value('output', DataType.FLOAT, [1, 1, 2, 2])],
      }),
    );
    expect(() => prepareGraph(model, FACTS, FORM)).toThrow(
      expect.objectContaining({
        code: 'MODEL_UNSUPPORTED',
        message: expect.stringContaining('"If to output"'),
      }),
    );
  });
});

function prepared(side: number): ModelProto {
  const model = network();
  prepareGraph(model, FACTS, { ...FORM, side });
  return model;
}

async function outputOf(model: ModelProto, input: { dims: number[]; data: Float32Array }) {
  const { output } = await runModel(model, { input });
  if (output === undefined) throw new Error('no output');
  return output;
}

function spread(values: Float32Array): number {
  return Math.max(...values) - Math.min(...values);
}
