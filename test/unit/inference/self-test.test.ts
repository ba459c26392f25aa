import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelMatte } from '../../../src/inference/engine-api.js';
import { referenceRun, selfTest } from '../../../src/inference/self-test.js';
import type { PreparedModel } from '../../../src/models/model.js';
import { writeTinyModel } from '../../support/tiny-model.js';
import { DEADLY, FAULTY_RUNTIME, NO_NUMBERS } from './faults.js';

const SIDE = 64;
let folder: string;
let model: PreparedModel;
let reference: ModelMatte[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clearcut-self-test-'));
  model = await writeTinyModel(folder, { side: SIDE });
  reference = [...(await referenceRun({ model, threads: 1 })).mattes];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const test = (changes: Partial<Parameters<typeof selfTest>[0]> = {}) =>
  selfTest({ model, device: 'cpu', threads: 1, reference, ...changes });

describe('self-test', () => {
  it('passes for the same model on the same device, and says how long a picture takes', async () => {
    const result = await test();
    expect(result).toMatchObject({ ok: true, maxDifference: 0, meanDifference: 0 });
    expect(result.msPerPicture).toBeGreaterThan(0);
  });

  it('has pictures that the model sees both subject and background in', () => {
    expect(reference.length).toBeGreaterThan(1);
    for (const { data } of reference) {
      expect(data.some((value) => value > 250)).toBe(true);
      expect(data.some((value) => value < 5)).toBe(true);
    }
  });

  it('fails for a model that gives another matte, by how much it differs', async () => {
    const negative = reference.map((matte) => ({ ...matte, data: matte.data.map((value) => 255 - value) }));
    const result = await test({ reference: negative });
    expect(result).toMatchObject({ ok: false, reason: 'differs', message: expect.stringContaining('mean') });
    expect(result.meanDifference).toBeGreaterThan(0.02);
  });

  it('allows as much difference as it is told to', async () => {
    const off = reference.map((matte) => ({
      ...matte,
      data: matte.data.map((value) => Math.max(0, value - 10)),
    }));
    expect(await test({ reference: off, tolerance: 0.01 })).toMatchObject({ ok: false, reason: 'differs' });
    expect(await test({ reference: off, tolerance: 0.1 })).toMatchObject({
      ok: true,
      maxDifference: 10 / 255,
    });
  });

  it('says when the model gives no numbers, so that another precision can be tried', async () => {
    const result = await test({ workerFile: FAULTY_RUNTIME, model: { ...model, id: NO_NUMBERS } });
    expect(result).toMatchObject({ ok: false, reason: 'not-a-number' });
  });

  it('says when the model cannot be loaded', async () => {
    const file = join(folder, 'broken.onnx');
    await writeFile(file, 'no model');
    expect(await test({ model: { ...model, file } })).toMatchObject({ ok: false, reason: 'does-not-run' });
  });

  it('says when the worker crashes', async () => {
    const result = await test({ workerFile: FAULTY_RUNTIME, model: { ...model, id: DEADLY } });
    expect(result).toMatchObject({ ok: false, reason: 'does-not-run' });
  });
});
