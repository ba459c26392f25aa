import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder, readIntact } from '../../../src/models/cache.js';
import { type EnsureOptions, ensureModel } from '../../../src/models/prepare.js';
import { addModelFile } from '../../../src/models/pull.js';
import { subjectPixels } from '../../support/draw.js';

/** The weights as published, where this machine has fetched them already: no test downloads them. */
const ID = 'isnet-general-use';
const userFolder = modelFolder(process.env['CLEARCUT_MODEL_CACHE'] ?? '', ID);
const published = userFolder.file('source.onnx');
/** Milliseconds: the whole network takes seconds, and machines that are shared stall. */
const TIMEOUT = 120_000;
const isCached = (await readIntact(userFolder, 'source')) !== undefined;

describe.skipIf(!isCached)('the default model, prepared', { timeout: TIMEOUT }, () => {
  let cacheDir: string;

  beforeAll(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'clearcut-'));
    await addModelFile({ id: ID, cacheDir, file: published });
  });

  afterAll(() => rm(cacheDir, { recursive: true, force: true }));

  it('gives the mattes of the published network', async () => {
    const { file, input } = await prepare({ maxSide: 1024 });
    expect(input.side).toBe(1024);
    const picture = pictures(1024, ['#00ff00']);
    const [matte] = await mattes(file, 1024, picture);
    const [expected] = await mattes(published, 1024, picture);
    // The drawing has a subject that fills some of it: else everything would be alike.
    expect(mean(expected)).toBeGreaterThan(0.05);
    expect(mean(expected)).toBeLessThan(0.95);
    expect(meanDifference(matte, expected)).toBeLessThan(0.005);
  });

  it('runs at 512 pixels, where a batch of two gives what two single runs give', async () => {
    const { file, input } = await prepare({ maxSide: 512 });
    expect(input.side).toBe(512);
    const both = await mattes(file, 512, pictures(512, ['#00ff00', '#808080']));
    const singles = [
      ...(await mattes(file, 512, pictures(512, ['#00ff00']))),
      ...(await mattes(file, 512, pictures(512, ['#808080']))),
    ];
    expect(both).toHaveLength(2);
    for (const [index, single] of singles.entries()) {
      expect(mean(single)).toBeGreaterThan(0.05);
      expect(meanDifference(both[index], single)).toBeLessThan(1e-5);
    }
    expect(meanDifference(singles[0], singles[1])).toBeGreaterThan(1e-4);
  });

  it('gives nearly the same mattes in int8, with the shipped table of a preset', async () => {
    const float32 = await prepare({ preset: 'fast' });
    const int8 = await prepare({ preset: 'fast', precision: 'int8' });
    const { side } = int8.input;
    const [expected] = await mattes(float32.file, side, pictures(side, ['#00ff00']));
    const [matte] = await mattes(int8.file, side, subjectPixels({ width: side, height: side }).data);
    expect(mean(expected)).toBeGreaterThan(0.05);
    expect(mean(expected)).toBeLessThan(0.95);
    expect(meanDifference(matte, expected)).toBeLessThan(0.02);
  });

  function prepare(changes: Partial<EnsureOptions>) {
    return ensureModel({
      id: ID,
      cacheDir,
      sourceUrl: '',
      preset: 'quality',
      precision: 'fp32',
      maxSide: 2048,
      onProgress: () => {},
      ...changes,
    });
  }
});

/** Drawings on these backgrounds, as the network takes them: N x 3 x side x side of -0.5..0.5. */
function pictures(side: number, backgrounds: readonly string[]): Float32Array {
  const area = side * side;
  const values = new Float32Array(backgrounds.length * 3 * area);
  for (const [index, background] of backgrounds.entries()) {
    const { data } = subjectPixels({ width: side, height: side, background });
    for (const [at, byte] of data.entries()) {
      values[(index * 3 + (at % 3)) * area + Math.floor(at / 3)] = byte / 255 - 0.5;
    }
  }
  return values;
}

/** `input`: numbers as `pictures` gives them, or the bytes of pictures where the network takes these. */
async function mattes(file: string, side: number, input: Float32Array | Uint8Array): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3, enableMemPattern: false });
  try {
    const area = side * side;
    const count = input.length / (3 * area);
    const feeds = {
      input:
        input instanceof Float32Array
          ? new ort.Tensor('float32', input, [count, 3, side, side])
          : new ort.Tensor('uint8', input, [count, side, side, 3]),
    };
    const { output } = await session.run(feeds, ['output']);
    const values = Float32Array.from(output?.data as Float32Array);
    return Array.from({ length: count }, (_, index) => values.slice(index * area, (index + 1) * area));
  } finally {
    await session.release();
  }
}

function mean(values: Float32Array | undefined): number {
  return values === undefined ? Number.NaN : values.reduce((sum, each) => sum + each, 0) / values.length;
}

function meanDifference(actual: Float32Array | undefined, expected: Float32Array | undefined): number {
  return mean(actual?.map((each, at) => Math.abs(each - (expected?.[at] ?? Number.NaN))));
}
