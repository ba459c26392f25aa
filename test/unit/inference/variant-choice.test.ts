import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { type ChoiceOptions, candidatesFor, chooseVariant } from '../../../src/inference/variant-choice.js';
import type { Precision, PreparedModel } from '../../../src/models/model.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { writeTinyModel } from '../../support/tiny-model.js';

describe('candidatesFor', () => {
  it('tries half precision on GPUs only, and float32 everywhere', () => {
    expect(candidatesFor('cpu')).toEqual(['int8', 'fp32']);
    for (const device of ['cuda', 'tensorrt', 'webgpu', 'coreml', 'directml'] as const)
      expect(candidatesFor(device)).toEqual(['fp16', 'fp32']);
  });
});

describe('chooseVariant', () => {
  it('takes the fastest precision of those that agree', async () => {
    const { options, calls } = await setUp();
    const { precision, trials } = await chooseVariant(options);
    expect(calls.toSorted()).toEqual(['fp32', 'int8']);
    expect(trials.map((trial) => trial.precision)).toEqual(['int8', 'fp32']);
    for (const trial of trials) {
      expect(trial).toMatchObject({ ok: true, meanDifference: 0 });
      expect(trial.msPerPicture).toBeGreaterThan(0);
    }
    const times = trials.map(({ msPerPicture = Number.NaN }) => msPerPicture);
    expect(trials.find((trial) => trial.precision === precision)?.msPerPicture).toBe(Math.min(...times));
  });

  it('does not take one whose mattes differ, and keeps the reason', async () => {
    const { options } = await setUp({ int8: negativeOf });
    const { precision, trials } = await chooseVariant(options);
    expect(precision).toBe('fp32');
    expect(trials[0]).toMatchObject({
      precision: 'int8',
      ok: false,
      message: expect.stringContaining('differ'),
    });
    expect(trials[0]?.meanDifference).toBeGreaterThan(0.02);
    expect(trials[1]).toMatchObject({ precision: 'fp32', ok: true });
  });

  it('counts what cannot be made ready against that precision alone', async () => {
    const { options } = await setUp({
      int8: () => {
        throw new ClearcutError('MODEL_UNSUPPORTED', 'no calibration table');
      },
    });
    const { precision, trials } = await chooseVariant(options);
    expect(precision).toBe('fp32');
    expect(trials[0]).toEqual({ precision: 'int8', ok: false, message: 'no calibration table' });
    expect(trials[1]).toMatchObject({ precision: 'fp32', ok: true });
  });

  it('remembers nothing where a precision could not be made ready for a reason that may pass', async () => {
    const { options } = await setUp({
      int8: () => {
        throw new Error('the disk is full');
      },
    });
    await expect(chooseVariant(options)).rejects.toThrow('the disk is full');
    await expect(readFile(options.file)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says why each failed where none agrees, and remembers nothing', async () => {
    const { options } = await setUp({
      fp16: () => {
        throw new ClearcutError('MODEL_UNSUPPORTED', 'no half precision');
      },
    });
    const device = process.platform === 'darwin' ? 'directml' : 'coreml';
    await expect(chooseVariant({ ...options, device })).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringMatching(/fp16: no half precision; fp32: ./),
    });
    await expect(readFile(options.file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a choice of float32 alone', () => {
  it('is made by the run that the others would be measured against', async () => {
    const { options, calls } = await setUp();
    const { precision, trials } = await chooseVariant({ ...options, candidates: ['fp32'] });
    expect(calls).toEqual(['fp32']);
    expect(precision).toBe('fp32');
    expect(trials).toEqual([
      { precision: 'fp32', ok: true, meanDifference: 0, msPerPicture: expect.any(Number) },
    ]);
  });
});

describe('a choice that was made before', () => {
  it('is remembered, with nothing made ready again', async () => {
    const { options, calls } = await setUp();
    const first = await chooseVariant(options);
    calls.length = 0;
    expect(await chooseVariant(options)).toEqual(first);
    expect(calls).toEqual([]);
    expect(Object.values(await remembered(options))).toEqual([first]);
  });

  it.each([
    ['the subject', { subject: { model: 'tiny', side: 32 } }],
    ['the number of threads', { threads: 2 }],
  ] as const)('does not count where %s is another, and stays beside the new one', async (_, change) => {
    const { options, calls } = await setUp();
    const first = await chooseVariant(options);
    calls.length = 0;
    const second = await chooseVariant({ ...options, ...change });
    expect(calls.toSorted()).toEqual(['fp32', 'int8']);
    expect(Object.values(await remembered(options))).toEqual([first, second]);
  });

  it.each([
    ['is no JSON', '{ "cut short'],
    ['is of another make', '{ "tiny": { "precision": "int4" } }'],
  ])('is made anew where the file %s', async (_, content) => {
    const { options, calls } = await setUp();
    await writeFile(options.file, content);
    const choice = await chooseVariant(options);
    expect(calls.toSorted()).toEqual(['fp32', 'int8']);
    expect(Object.values(await remembered(options))).toEqual([choice]);
  });
});

/** The same file with the green turned round: what was subject is background. */
function negativeOf(model: PreparedModel): PreparedModel {
  return { ...model, input: { ...model.input, std: [1, -1, 1] } };
}

/**
 * A tiny model that is the same in each precision but where `others` says what a precision has instead. `calls` has
 * the precisions that were made ready.
 */
async function setUp(others: Partial<Record<Precision, (model: PreparedModel) => PreparedModel>> = {}) {
  const folder = await temporaryFolder();
  const model = await writeTinyModel(folder);
  const calls: Precision[] = [];
  const options: ChoiceOptions = {
    device: 'cpu',
    threads: 1,
    subject: { model: 'tiny', side: 64 },
    file: join(folder, 'self-test.json'),
    prepare: async (precision) => {
      calls.push(precision);
      const own = { ...model, precision, variant: precision };
      return others[precision]?.(own) ?? own;
    },
  };
  return { options, calls };
}

async function remembered({ file }: ChoiceOptions): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(file, 'utf8'));
}
