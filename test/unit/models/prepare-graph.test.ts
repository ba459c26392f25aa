import { describe, expect, it } from 'vitest';
import {
  TensorProto_DataType as DataType,
  type ModelProto,
  type NodeProto,
} from '../../../src/models/onnx/onnx_pb.js';
import { type GraphFacts, prepareGraph } from '../../../src/models/prepare-graph.js';
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

  it('keeps what a branch reads of the graph around it, for one picture in a run', async () => {
    const picture = { dims: [1, 3, NETWORK_SIDE, NETWORK_SIDE], data: noise(PICTURE, 13) };
    const { answer } = await runModel(branched(), { photo: picture });
    const model = branched();
    expect(prepareGraph(model, FACTS, FORM)).toBe('one');
    expect(await outputOf(model, picture)).toEqual(answer);
    expect(model.graph?.initializer.map(({ name }) => name)).toEqual(['threshold', 'offset']);
  });

  it('brings a graph with branches to no other side', () => {
    expect(() => prepareGraph(branched(), FACTS, { ...FORM, side: 8 })).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('branches') }),
    );
  });

  it.each([
    ['input', 'photo'],
    ['output', 'matte'],
  ] as const)('refuses a graph without the %s that its user named', (end, name) => {
    const facts = { ...FACTS, [end]: { ...FACTS[end], name }, named: [end] };
    expect(() => prepareGraph(network(), facts, FORM)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(`no ${end} "${name}"; it has: "${end}"`) }),
    );
  });

  it('refuses a graph that wants more than a picture', () => {
    const model = network();
    model.graph?.input.push(value('state', DataType.FLOAT, [1]));
    for (const each of model.graph?.node ?? []) if (each.output[0] === 'output') each.input = ['sum'];
    model.graph?.node.splice(-1, 0, node('Add', ['matte', 'state'], ['sum']));
    expect(() => prepareGraph(model, FACTS, FORM)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('"state"') }),
    );
  });

  it('refuses a graph for pictures of another side than is said', () => {
    const facts = { ...FACTS, input: { ...FACTS.input, side: 32 } };
    expect(() => prepareGraph(network(), facts, { ...FORM, side: 32 })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('16 x 16') }),
    );
  });

  it('takes one picture in a run where a constant fixes the batch, and any number where nothing does', () => {
    expect(prepareGraph(network(), FACTS, FORM)).toBe('any');
    expect(prepareGraph(network(), { ...FACTS, batch: 'one' }, FORM)).toBe('one');
    const fixed = network();
    for (const each of fixed.graph?.node ?? []) if (each.opType === 'Resize') each.input[3] = 'all sizes';
    fixed.graph?.initializer.push(int64s('all sizes', [1, 1, NETWORK_SIDE, NETWORK_SIDE]));
    expect(prepareGraph(fixed, FACTS, FORM)).toBe('one');
    expect(shapeOf(fixed.graph?.input[0])).toEqual([1, 3, NETWORK_SIDE, NETWORK_SIDE]);
  });
});

function prepared(side: number): ModelProto {
  const model = network();
  prepareGraph(model, FACTS, { ...FORM, side });
  return model;
}

/** Of two branches that both read the picture around them: the picture turned into a matte, or nothing. */
function branched(): ModelProto {
  const shape = [1, 3, NETWORK_SIDE, NETWORK_SIDE];
  const branch = (nodes: NodeProto[]) =>
    graphOf({ nodes, inputs: [], outputs: [value('result', DataType.FLOAT, shape)] });
  return modelOf(
    graphOf({
      nodes: [
        node('ReduceMean', ['photo'], ['mean'], { keepdims: 0 }),
        node('Less', ['mean', 'threshold'], ['choice']),
        node('If', ['choice'], ['chosen'], {
          then_branch: branch([node('Add', ['photo', 'offset'], ['result'])]),
          else_branch: branch([node('Sub', ['photo', 'photo'], ['result'])]),
        }),
        node('ReduceMean', ['chosen'], ['answer'], { axes: [1], keepdims: 1 }),
        node('Relu', ['unused'], ['nobody reads']),
      ],
      tensors: [floats('threshold', [], [9]), floats('offset', [1], [0.25]), floats('unused', [1], [1])],
      inputs: [value('photo', DataType.FLOAT, shape)],
      outputs: [value('answer', DataType.FLOAT, [1, 1, NETWORK_SIDE, NETWORK_SIDE])],
    }),
  );
}

async function outputOf(model: ModelProto, input: { dims: number[]; data: Float32Array }) {
  const { output } = await runModel(model, { input });
  if (output === undefined) throw new Error('no output');
  return output;
}

function spread(values: Float32Array): number {
  return Math.max(...values) - Math.min(...values);
}
