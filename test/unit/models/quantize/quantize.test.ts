import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { ModelProto } from '../../../../src/models/onnx/onnx_pb.js';
import { TensorProto_DataType as DataType, ModelProtoSchema } from '../../../../src/models/onnx/onnx_pb.js';
import type { StatsByValue } from '../../../../src/models/quantize/activation-stats.js';
import { addStatistics, probedValues } from '../../../../src/models/quantize/probe.js';
import { quantize } from '../../../../src/models/quantize/quantize.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { largestDifference, node, noise, opsOf, runModel, shapeOf } from '../graphs.js';
import { floatNetwork, SIDE } from './float-network.js';

const PLAIN = { name: 'input', side: SIDE, mean: [0.5, 0.5, 0.5], std: [1, 1, 1] } as const;
/** Another mean and deviation for each channel. */
const UNEVEN = { ...PLAIN, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
type Input = typeof PLAIN | typeof UNEVEN;

describe('quantize', () => {
  it.each([
    ['even', PLAIN, 0.02],
    // The padding stands for one byte in all channels then; half of this small picture lies at an edge.
    ['uneven', UNEVEN, 0.05],
  ] as const)(
    'gives nearly the mattes of the float network, with an %s normalisation',
    async (_, input, limit) => {
      const int8 = await quantized(input);
      for (const seed of [1, 2, 3]) {
        const picture = bytes(seed);
        const wanted = await floatMatte(picture, input);
        const [matte] = await runBytes(int8, [picture]);
        // The logits must not be lost in saturation, or any network would agree.
        expect(spread(wanted)).toBeGreaterThan(0.2);
        expect(meanDifference(matte, wanted)).toBeLessThan(limit);
      }
    },
  );

  it('gives a batch of two what two single runs give', async () => {
    const int8 = await quantized(PLAIN);
    const pictures = [bytes(4), bytes(5)];
    const both = await runBytes(int8, pictures);
    for (const [index, picture] of pictures.entries()) {
      const [single = new Float32Array()] = await runBytes(int8, [picture]);
      expect(largestDifference(both[index] ?? new Float32Array(), single)).toBe(0);
    }
  });

  it('takes the picture as bytes, and says so', async () => {
    const { graph } = await quantized(PLAIN);
    const type = graph?.input[0]?.type?.value;
    expect(type?.case === 'tensorType' && type.value.elemType).toBe(DataType.UINT8);
    expect(shapeOf(graph?.input[0])).toEqual(['N', SIDE, SIDE, 3]);
    expect(shapeOf(graph?.output[0])).toEqual(['N', 1, SIDE, SIDE]);
  });

  it('leaves no float weights of convolutions, and no rectifier behind one', async () => {
    const { graph } = await quantized(PLAIN);
    if (graph === undefined) throw new Error('no graph');
    expect(opsOf(graph)).not.toContain('Relu');
    const large = graph.initializer.filter((tensor) => tensor.dims.length === 4);
    expect(large).toHaveLength(5);
    for (const tensor of large) expect(tensor.dataType).toBe(DataType.INT8);
  });

  it('lets the runtime do every convolution with integers', async () => {
    const folder = await temporaryFolder();
    const session = await ort.InferenceSession.create(binary(await quantized(PLAIN)), {
      enableProfiling: true,
      profileFilePrefix: join(folder, 'run'),
      logSeverityLevel: 3,
    });
    await session.run({ input: tensorOf([bytes(6)]) });
    session.endProfiling();
    await session.release();
    const [file = ''] = await readdir(folder);
    const profile = await readFile(join(folder, file), 'utf8');
    const operators = new Set([...profile.matchAll(/"op_name" *: *"(\w+)"/g)].map((match) => match[1]));
    expect(operators).toContain('QLinearConv');
    expect(operators).not.toContain('Conv');
  });

  it('keeps a constant that stands before the head and is read behind it', async () => {
    const model = floatNetwork();
    const { graph } = model;
    const twice = graph?.initializer.find((tensor) => tensor.name === 'twice');
    if (graph === undefined || twice === undefined) throw new Error('no factor to enlarge by');
    graph.initializer = graph.initializer.filter((tensor) => tensor !== twice);
    graph.node.unshift(node('Constant', [], ['twice'], { value: twice }));
    quantize(graph, { stats: await statsOfNetwork(PLAIN), input: PLAIN });
    const [matte] = await runBytes(model, [bytes(1)]);
    expect(matte).toEqual((await runBytes(await quantized(PLAIN), [bytes(1)]))[0]);
  });

  it('gives the logits finer steps than one byte has', async () => {
    const int8 = await quantized(PLAIN);
    const values = new Set<number>();
    for (let seed = 10; seed < 20; seed++) {
      for (const value of (await runBytes(int8, [bytes(seed)]))[0] ?? []) values.add(value);
    }
    expect(values.size).toBeGreaterThan(500);
  });

  it('refuses a network with a value that the calibration table lacks, and names it', async () => {
    const model = floatNetwork();
    const stats = new Map(await statsOfNetwork(PLAIN));
    stats.delete('total');
    expect(() => model.graph && quantize(model.graph, { stats, input: PLAIN })).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('"total"') }),
    );
  });

  it('refuses a network whose first convolution has no biases that the normalisation could go into', async () => {
    const model = floatNetwork();
    const stem = model.graph?.node[0];
    stem?.input.pop();
    const stats = await statsOfNetwork(PLAIN);
    expect(() => model.graph && quantize(model.graph, { stats, input: PLAIN })).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining('biases') }),
    );
  });

  it('refuses a network that does not end in one channel', async () => {
    const model = floatNetwork();
    const head = model.graph?.initializer.find((tensor) => tensor.name === 'head');
    if (head !== undefined) head.dims[0] = 2n;
    const stats = await statsOfNetwork(PLAIN);
    expect(() => model.graph && quantize(model.graph, { stats, input: PLAIN })).toThrow(/one channel/);
  });
});

async function quantized(input: Input): Promise<ModelProto> {
  const model = floatNetwork();
  if (model.graph !== undefined) quantize(model.graph, { stats: await statsOfNetwork(input), input });
  return model;
}

/** Over the very pictures that are compared, as calibration would find them. */
async function statsOfNetwork(input: Input): Promise<StatsByValue> {
  const model = floatNetwork();
  if (model.graph === undefined) throw new Error('no graph');
  const values = probedValues(model.graph);
  addStatistics(model.graph, values);
  const results = await runModel(model, { input: normalised(bytes(1), input) });
  const read = (value: string, what: string) => [...(results[`${value}/${what}`]?.data ?? [])];
  return new Map(
    values.map((value) => [
      value,
      {
        min: Math.min(...read(value, 'min')),
        max: Math.max(...read(value, 'max')),
        mean: read(value, 'mean'),
      },
    ]),
  );
}

function bytes(seed: number): Uint8Array {
  return Uint8Array.from(noise(SIDE * SIDE * 3, seed), (each) => Math.round((each + 0.5) * 255));
}

function normalised(picture: Uint8Array, { mean, std }: Input) {
  const pixels = SIDE * SIDE;
  const data = Float32Array.from({ length: 3 * pixels }, (_, at) => {
    const channel = Math.floor(at / pixels) as 0 | 1 | 2;
    const byte = picture[(at % pixels) * 3 + channel] ?? 0;
    return (byte / 255 - mean[channel]) / std[channel];
  });
  return { dims: [1, 3, SIDE, SIDE], data };
}

async function floatMatte(picture: Uint8Array, input: Input): Promise<Float32Array> {
  const { output } = await runModel(floatNetwork(), { input: normalised(picture, input) });
  return output?.data ?? new Float32Array();
}

function tensorOf(pictures: readonly Uint8Array[]): ort.Tensor {
  const data = Uint8Array.from(pictures.flatMap((picture) => [...picture]));
  return new ort.Tensor('uint8', data, [pictures.length, SIDE, SIDE, 3]);
}

async function runBytes(model: ModelProto, pictures: readonly Uint8Array[]): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(binary(model), { logSeverityLevel: 3 });
  const { output } = await session.run({ input: tensorOf(pictures) });
  const data = Float32Array.from(output?.data as Float32Array);
  await session.release();
  return pictures.map((_, index) => data.slice(index * SIDE * SIDE, (index + 1) * SIDE * SIDE));
}

function binary(model: ModelProto): Uint8Array {
  return toBinary(ModelProtoSchema, model);
}

function spread(values: Float32Array): number {
  return Math.max(...values) - Math.min(...values);
}

function meanDifference(actual: Float32Array | undefined, expected: Float32Array): number {
  if (actual?.length !== expected.length) return 1;
  return actual.reduce((sum, each, at) => sum + Math.abs(each - (expected[at] ?? 0)), 0) / actual.length;
}
