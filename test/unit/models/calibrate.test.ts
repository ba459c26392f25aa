import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/models/calibrate.js';
import {
  type CalibrationTable,
  readCalibration,
  statsOf,
  writeTable,
} from '../../../src/models/calibration.js';
import { TensorProto_DataType as DataType } from '../../../src/models/onnx/onnx_pb.js';
import { prepareGraph } from '../../../src/models/prepare-graph.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { catalogueOf, MODEL_ID } from './catalogues.js';
import { noise, runModel, value } from './graphs.js';
import { NETWORK_SIDE, network, networkBytes } from './network.js';

const [MODEL] = catalogueOf();
const FORM = { side: NETWORK_SIDE, sideOutput: 0 };
/** The rectified trunk and the head: with these the small network can be quantized. */
const VALUES = ['Relu_0', 'Conv_1'];

describe('calibrate', () => {
  it('notes the extremes and the channel means of every value, averaged over the pictures', async () => {
    const pictures = [1, 2, 3].map(picture);
    const { table } = await calibrated(pictures);
    const found = await Promise.all(pictures.map(valuesOf));
    expect(Object.keys(table.values)).toEqual(VALUES);
    for (const name of VALUES) {
      const channels = found.map((each) => each.get(name) ?? []);
      const { min, max, mean } = table.values[name] ?? { min: 0, max: 0, mean: [] };
      expect(min).toBeCloseTo(average(channels.map((each) => Math.min(...each.flat()))), 5);
      expect(max).toBeCloseTo(average(channels.map((each) => Math.max(...each.flat()))), 5);
      expect(max).toBeGreaterThan(min);
      expect(mean).toHaveLength(channels[0]?.length ?? 0);
      for (const [channel, each] of mean.entries())
        expect(each).toBeCloseTo(average(channels.map((all) => average(all[channel] ?? []))), 5);
    }
  });

  it('says what it was made from, and tells of every picture', async () => {
    const { table, told } = await calibrated([picture(1), picture(2)]);
    expect(table).toMatchObject({ model: MODEL_ID, from: 'noise' });
    expect(told).toBe(2);
  });
});

describe('a calibration table', () => {
  const table: CalibrationTable = {
    model: MODEL_ID,
    from: 'two "drawn" pictures',
    values: {
      Conv_0: { min: -1.23456, max: 1234.56, mean: [0.000123456, -7, 0] },
      Relu_0: { min: 0, max: 0.5, mean: [0.25] },
    },
  };

  it('is read as it was written, with three digits', async () => {
    const file = await tableFile(writeTable(table));
    const expected = {
      Conv_0: { min: -1.23, max: 1230, mean: [0.000123, -7, 0] },
      Relu_0: { min: 0, max: 0.5, mean: [0.25] },
    };
    const read = await readCalibration(file);
    expect(read).toEqual({ ...table, values: expected });
    expect(statsOf(read)).toEqual(new Map(Object.entries(expected)));
  });

  it('has a line for each value', () => {
    const lines = writeTable(table).split('\n');
    expect(lines.filter((line) => line.includes('"min"'))).toHaveLength(2);
  });

  it.each([
    ['is no JSON', '{ "cut short'],
    ['has no values', `{ "model": "${MODEL_ID}", "from": "noise" }`],
    ['has a range that is no number', writeTable(table).replace('-1.23', 'null')],
  ])('is refused with its path where it %s', async (_, content) => {
    const file = await tableFile(content);
    await expect(readCalibration(file)).rejects.toMatchObject(refusalOf(file));
  });

  it('is refused with its path where there is none', async () => {
    const file = join(await temporaryFolder(), 'missing.json');
    await expect(readCalibration(file)).rejects.toMatchObject(refusalOf(file));
  });
});

function refusalOf(file: string) {
  return {
    code: 'MODEL_UNSUPPORTED',
    message: expect.stringContaining(file),
    remedy: expect.stringContaining('clearcut models calibrate'),
  };
}

async function tableFile(content: string): Promise<string> {
  const file = join(await temporaryFolder(), 'table.json');
  await writeFile(file, content);
  return file;
}

async function calibrated(pictures: readonly Uint8Array[]) {
  if (MODEL === undefined) throw new Error('no model');
  const source = join(await temporaryFolder(), 'source.onnx');
  await writeFile(source, networkBytes());
  let told = 0;
  const table = await calibrate({
    model: MODEL,
    source,
    form: FORM,
    pictures: (async function* () {
      yield* pictures;
    })(),
    from: 'noise',
    onPicture: () => {
      told += 1;
    },
  });
  return { table, told };
}

/** What the float network itself has for a picture: by value, the numbers of each channel. */
async function valuesOf(rgb: Uint8Array): Promise<Map<string, number[][]>> {
  const model = network();
  if (MODEL === undefined) throw new Error('no model');
  prepareGraph(model, MODEL, FORM);
  for (const name of VALUES) model.graph?.output.push(value(name, DataType.FLOAT, ['N', 'C', 'H', 'W']));
  const area = NETWORK_SIDE ** 2;
  const data = Float32Array.from({ length: 3 * area }, (_, at) => {
    return (rgb[(at % area) * 3 + Math.floor(at / area)] ?? 0) / 255 - 0.5;
  });
  const results = await runModel(model, { input: { dims: [1, 3, NETWORK_SIDE, NETWORK_SIDE], data } });
  return new Map(
    VALUES.map((name) => {
      const { dims, data: numbers } = results[name] ?? { dims: [], data: new Float32Array() };
      const size = (dims[2] ?? 0) * (dims[3] ?? 0);
      const channels = Array.from({ length: dims[1] ?? 0 }, (_, channel) => [
        ...numbers.slice(channel * size, (channel + 1) * size),
      ]);
      return [name, channels];
    }),
  );
}

/** Noise that is brighter with each seed, so that no two pictures have the same ranges. */
function picture(seed: number): Uint8Array {
  return Uint8Array.from(noise(3 * NETWORK_SIDE ** 2, seed), (each) => Math.round((each + 0.5) * 80 * seed));
}

function average(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
