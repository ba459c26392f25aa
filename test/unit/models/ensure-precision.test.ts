import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/models/calibrate.js';
import { type CalibrationTable, writeTable } from '../../../src/models/calibration.js';
import type { CatalogueModel } from '../../../src/models/catalogue.js';
import { TensorProto_DataType as DataType, ModelProtoSchema } from '../../../src/models/onnx/onnx_pb.js';
import { type EnsureOptions, ensureModel } from '../../../src/models/prepare.js';
import { addModelFile } from '../../../src/models/pull.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { catalogueOf, FLOAT32, filesBelow, MODEL_ID, urlSource } from './catalogues.js';
import { largestDifference, noise, opsOf, runModel, shapeOf } from './graphs.js';
import { NETWORK_SIDE, network, networkBytes } from './network.js';
import { floatNetwork } from './quantize/float-network.js';

const AREA = NETWORK_SIDE ** 2;

describe('ensureModel for int8', () => {
  it('quantizes with the table of the preset: a model that takes bytes, with nearly the mattes of float32', async () => {
    const { options } = await setUp();
    const int8 = await ensureModel({ ...options, precision: 'int8' });
    expect(int8).toMatchObject({ variant: 'int8', precision: 'int8', wasPrepared: true });
    expect(int8.input).toMatchObject({ type: 'uint8', side: NETWORK_SIDE });
    const float32 = await ensureModel(options);
    for (const seed of [1, 2, 3]) {
      const rgb = picture(seed);
      const wanted = await matteOf(float32.file, normalised(rgb));
      const matte = await matteOf(int8.file, bytesOf(rgb));
      expect(spread(wanted)).toBeGreaterThan(0.2);
      expect(meanDifference(matte, wanted)).toBeLessThan(0.02);
    }
  });

  it('makes it anew where the table has changed, and only then', async () => {
    const { options, table, tableFile } = await setUp();
    const int8 = { ...options, precision: 'int8' } as const;
    const before = await ensureModel(int8);
    expect(await ensureModel(int8)).toEqual({ ...before, wasPrepared: false });
    const float32 = await ensureModel(options);
    await writeFile(tableFile, writeTable(widened(table)));
    const after = await ensureModel(int8);
    expect(after.wasPrepared).toBe(true);
    expect(after.sha256).not.toBe(before.sha256);
    expect(await ensureModel(int8)).toEqual({ ...after, wasPrepared: false });
    // No table went into this one.
    expect(await ensureModel(options)).toEqual({ ...float32, wasPrepared: false });
  });

  it('refuses a preset without a table, and names it', async () => {
    const { options } = await setUp();
    const fast = ensureModel({ ...options, preset: 'fast', precision: 'int8' });
    await expect(fast).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/preset fast of the model network/),
      remedy: expect.stringContaining('clearcut models calibrate'),
    });
    expect(await filesBelow(options.cacheDir)).toEqual(['source.json', 'source.onnx'].map(inFolder));
  });

  it('refuses a table that lacks a value, and leaves no half-made file', async () => {
    const { options, table, tableFile } = await setUp();
    await writeFile(tableFile, writeTable({ ...table, values: {} }));
    await expect(ensureModel({ ...options, precision: 'int8' })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('calibration table lacks'),
    });
    expect(await filesBelow(options.cacheDir)).toEqual(['source.json', 'source.onnx'].map(inFolder));
  });
});

describe('ensureModel for fp16', () => {
  it('leaves the weights as they were published, in a model that runs', async () => {
    const { options } = await setUp();
    const half = await ensureModel({ ...options, precision: 'fp16' });
    expect(half).toMatchObject({ variant: 'fp16', precision: 'fp16', input: { type: 'float32' } });
    const { graph } = fromBinary(ModelProtoSchema, await readFile(half.file));
    const weights = graph?.initializer.filter(({ dims }) => dims.length === 4) ?? [];
    expect(weights).toHaveLength(2);
    for (const tensor of weights) expect(tensor.dataType).toBe(DataType.FLOAT16);
    const float32 = await ensureModel(options);
    const input = normalised(picture(1));
    const matte = await matteOf(half.file, input);
    expect(largestDifference(matte, await matteOf(float32.file, input))).toBeLessThan(0.01);
  });

  it('refuses weights that were not published in half precision', async () => {
    const { options } = await setUp(Buffer.from(toBinary(ModelProtoSchema, floatNetwork())));
    await expect(ensureModel({ ...options, precision: 'fp16' })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('half precision'),
    });
    expect((await ensureModel(options)).wasPrepared).toBe(true);
  });
});

describe('ensureModel for a preset with a side output', () => {
  it.each([
    ['fp32', 1e-3],
    ['fp16', 0.01],
  ] as const)(
    'takes that for the matte in %s, and leaves out what only others need',
    async (precision, limit) => {
      const { options } = await setUp();
      const model = await ensureModel({ ...options, preset: 'balanced', precision });
      expect(model).toMatchObject({ variant: `${precision}-out1`, output: { name: 'output' } });
      const proto = fromBinary(ModelProtoSchema, await readFile(model.file));
      expect(proto.graph && opsOf(proto.graph)).not.toContain('Resize');
      expect(proto.graph?.initializer.map(({ name }) => name)).not.toContain('head');
      expect(shapeOf(proto.graph?.output[0])).toEqual(['N', 1, NETWORK_SIDE / 2, NETWORK_SIDE / 2]);
      const input = { dims: [1, 3, NETWORK_SIDE, NETWORK_SIDE], data: planes(picture(1)) };
      const { side } = await runModel(network(), { input });
      const { output } = await runModel(proto, { input });
      expect(side && spread(side.data)).toBeGreaterThan(0.2);
      expect(
        largestDifference(output?.data ?? new Float32Array(), side?.data ?? new Float32Array(1)),
      ).toBeLessThan(limit);
    },
  );

  it('names the side before the output', async () => {
    const { options } = await setUp();
    const model = await ensureModel({ ...options, preset: 'balanced', maxSide: 8 });
    expect(model).toMatchObject({ variant: 'fp32-8-out1', input: { side: 8 } });
  });

  it('refuses an output that the network has not', async () => {
    const { options } = await setUp();
    await expect(ensureModel({ ...options, preset: 'fast' })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('output number 2'),
    });
  });
});

describe('ensureModel for a preset with an adaptation table', () => {
  it.each(['fp32', 'fp16', 'int8'] as const)('puts it into the weights in %s', async (precision) => {
    const { options, folder, catalogue } = await setUp();
    const adapted = await adaptedCatalogue(catalogue, folder, { gain: 1, shift: 3 });
    const plain = await ensureModel({ ...options, precision });
    const model = await ensureModel({ ...options, precision, catalogue: adapted });
    expect(model.variant).toBe(`${precision}-adapted`);
    const rgb = picture(1);
    const input = precision === 'int8' ? bytesOf(rgb) : normalised(rgb);
    const mean = (matte: Float32Array) => matte.reduce((sum, value) => sum + value, 0) / matte.length;
    // The last convolution's logits are 3 larger.
    expect(mean(await matteOf(model.file, input))).toBeGreaterThan(
      mean(await matteOf(plain.file, input)) + 0.2,
    );
  });

  it('makes it anew where the table has changed, and only then', async () => {
    const { options, folder, catalogue } = await setUp();
    const adapted = {
      ...options,
      catalogue: await adaptedCatalogue(catalogue, folder, { gain: 1, shift: 3 }),
    };
    const before = await ensureModel(adapted);
    expect(await ensureModel(adapted)).toEqual({ ...before, wasPrepared: false });
    await adaptedCatalogue(catalogue, folder, { gain: 2, shift: 0 });
    const after = await ensureModel(adapted);
    expect(after.wasPrepared).toBe(true);
    expect(after.sha256).not.toBe(before.sha256);
  });

  it.each([
    ['cannot be read', '{ "cut short', 'cannot be read'],
    ['is of another network', adaptationTable('Conv_9', { gain: 1, shift: 0 }), 'Conv_9'],
  ])('refuses a table that %s', async (_, content, message) => {
    const { options, folder, catalogue } = await setUp();
    const adapted = await adaptedCatalogue(catalogue, folder, { gain: 1, shift: 0 });
    await writeFile(join(folder, 'adaptation.json'), content);
    await expect(ensureModel({ ...options, catalogue: adapted })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining(message),
    });
  });
});

/** The catalogue with a table for the last convolution in its preset `quality`. */
async function adaptedCatalogue(
  [model]: readonly CatalogueModel[],
  folder: string,
  channel: { gain: number; shift: number },
): Promise<CatalogueModel[]> {
  if (model?.presets === undefined) throw new Error('no model');
  const file = join(folder, 'adaptation.json');
  await writeFile(file, adaptationTable('Conv_1', channel));
  const quality = { ...model.presets.quality, adaptation: pathToFileURL(file).href };
  return [{ ...model, presets: { ...model.presets, quality } }];
}

function adaptationTable(value: string, { gain, shift }: { gain: number; shift: number }): string {
  return JSON.stringify({
    model: MODEL_ID,
    from: 'two',
    values: { [value]: { gain: [gain], shift: [shift] } },
  });
}

/**
 * These weights in a cache, and a catalogue with these presets: `quality` with a calibration table of the small
 * network, `balanced` of its side output, `fast` of an output that it has not.
 */
async function setUp(bytes: Buffer = networkBytes()) {
  const folder = await temporaryFolder();
  const cacheDir = join(folder, 'cache');
  const tableFile = join(folder, 'table.json');
  const [model] = catalogueOf(urlSource('http://localhost/', bytes));
  if (model === undefined) throw new Error('no model');
  const presets: CatalogueModel['presets'] = {
    quality: { side: NETWORK_SIDE, sideOutput: 0, calibration: pathToFileURL(tableFile).href },
    balanced: { side: NETWORK_SIDE, sideOutput: 1 },
    fast: { side: NETWORK_SIDE, sideOutput: 2 },
  };
  const catalogue = [{ ...model, presets }];
  const file = join(folder, 'published.onnx');
  await writeFile(file, bytes);
  await addModelFile({ id: MODEL_ID, cacheDir, catalogue, file });
  const table = await calibrate({
    model,
    source: file,
    form: presets.quality,
    pictures: (async function* () {
      for (const seed of [1, 2, 3]) yield picture(seed);
    })(),
    from: 'noise',
    onPicture: () => {},
  });
  await writeFile(tableFile, writeTable(table));
  const options = {
    id: MODEL_ID,
    cacheDir,
    sourceUrl: '',
    ...FLOAT32,
    maxSide: 2048,
    catalogue,
    onProgress: () => {},
  } satisfies EnsureOptions;
  return { options, table, tableFile, folder, catalogue };
}

function inFolder(name: string): string {
  return `models/${MODEL_ID}/${name}`;
}

/** The same table with every range twice as wide. */
function widened(table: CalibrationTable): CalibrationTable {
  const values = Object.entries(table.values).map(([name, { min, max, mean }]) => {
    return [name, { min: 2 * min, max: 2 * max, mean }] as const;
  });
  return { ...table, values: Object.fromEntries(values) };
}

function picture(seed: number): Uint8Array {
  return Uint8Array.from(noise(3 * AREA, seed), (each) => Math.round((each + 0.5) * 255));
}

function planes(rgb: Uint8Array): Float32Array {
  return Float32Array.from({ length: 3 * AREA }, (_, at) => {
    return (rgb[(at % AREA) * 3 + Math.floor(at / AREA)] ?? 0) / 255 - 0.5;
  });
}

function normalised(rgb: Uint8Array): ort.Tensor {
  return new ort.Tensor('float32', planes(rgb), [1, 3, NETWORK_SIDE, NETWORK_SIDE]);
}

function bytesOf(rgb: Uint8Array): ort.Tensor {
  return new ort.Tensor('uint8', rgb, [1, NETWORK_SIDE, NETWORK_SIDE, 3]);
}

async function matteOf(file: string, input: ort.Tensor): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const { output } = await session.run({ input });
  const matte = Float32Array.from(output?.data as Float32Array);
  await session.release();
  expect(output?.dims).toEqual([1, 1, NETWORK_SIDE, NETWORK_SIDE]);
  return matte;
}

function spread(values: Float32Array): number {
  return Math.max(...values) - Math.min(...values);
}

function meanDifference(actual: Float32Array, expected: Float32Array): number {
  return actual.reduce((sum, each, at) => sum + Math.abs(each - (expected[at] ?? 0)), 0) / actual.length;
}
