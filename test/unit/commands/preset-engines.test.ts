import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createPresetEngines, type OpenedEngine } from '../../../src/commands/preset-engines.js';
import { ClearcutError } from '../../../src/errors.js';
import { startEngine } from '../../../src/inference/engine.js';
import type { Preset } from '../../../src/models/catalogue.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { writeTinyModel } from '../../support/tiny-model.js';

const logger = pino({ level: 'silent' });

async function openTiny(side: number): Promise<OpenedEngine> {
  const model = { ...(await writeTinyModel(await temporaryFolder(), { side })), variant: `fp32-${side}` };
  const engine = await startEngine({
    model,
    device: 'cpu',
    workers: 1,
    threadsPerWorker: 1,
    maxBatch: 1,
    logger,
  });
  return { engine, model };
}

async function setUp(openOther: (preset: Preset) => Promise<OpenedEngine>) {
  const first = await openTiny(64);
  const opened: Preset[] = [];
  const engines = createPresetEngines({
    inference: { preset: 'quality', otherPresets: ['fast'], device: 'cpu' },
    first,
    open: (preset) => {
      opened.push(preset);
      return openOther(preset);
    },
    logger,
  });
  return { engines, opened, first };
}

describe('the engines of presets', () => {
  test('are opened when they are first wanted, once, and closed together', async () => {
    const { engines, opened, first } = await setUp(() => openTiny(32));
    expect((await engines.modelFor(undefined)).engine).toBe(first.engine);
    expect((await engines.modelFor('quality')).engine).toBe(first.engine);
    expect(opened).toEqual([]);
    const [one, two] = await Promise.all([engines.modelFor('fast'), engines.modelFor('fast')]);
    expect(one.engine).toBe(two.engine);
    expect(one.model).toMatchObject({ variant: 'fp32-32', side: 32, device: 'cpu' });
    expect(opened).toEqual(['fast']);
    await engines.close();
    for (const { engine } of [one, first]) {
      const rgb = new Uint8Array(engine.side ** 2 * 3);
      await expect(engine.infer(rgb)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    }
  });

  test('are those that the configuration offers, and no others', async () => {
    const { engines, opened } = await setUp(() => openTiny(32));
    await expect(engines.modelFor('balanced')).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringContaining('quality, fast'),
    });
    expect(opened).toEqual([]);
    await engines.close();
  });

  test('that cannot be opened fail the picture as something that passes, and are tried again with the next', async () => {
    let isBroken = true;
    const { engines, opened } = await setUp(async () => {
      if (isBroken) throw new ClearcutError('DEVICE_UNAVAILABLE', 'no memory', { remedy: 'Add some.' });
      return openTiny(32);
    });
    await expect(engines.modelFor('fast')).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
      permanence: 'transient',
      message: expect.stringContaining('no memory'),
      remedy: 'Add some.',
    });
    isBroken = false;
    expect((await engines.modelFor('fast')).engine.side).toBe(32);
    expect(opened).toEqual(['fast', 'fast']);
    await engines.close();
  });

  test('that break down are opened anew', async () => {
    let breakDown: (error: Error) => void = () => {};
    const { engines, opened } = await setUp(async () => {
      const tiny = await openTiny(32);
      const failed = new Promise<never>((_, reject) => {
        breakDown = reject;
      });
      return { ...tiny, engine: { ...tiny.engine, failed } };
    });
    const before = await engines.modelFor('fast');
    breakDown(new Error('the worker is gone'));
    await new Promise(setImmediate);
    const after = await engines.modelFor('fast');
    expect(after.engine).not.toBe(before.engine);
    expect(opened).toEqual(['fast', 'fast']);
    await engines.close();
  });
});
