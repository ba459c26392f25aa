import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SelfTest } from '../../src/inference/self-test.js';
import { writeTinyModel } from '../support/tiny-model.js';
import { describeWith, pathOf } from './servers/available.js';
import { cpuBoundModel, halfModel, overflowingModel } from './webgpu/models.js';

/** The path of WebGPU, through Vulkan, on a software GPU. */
const describeGpu = await describeWith('swiftshader');
const SCRIPT = fileURLToPath(new URL('webgpu/on-webgpu.mjs', import.meta.url));
const SIDE = 32;

type Outcome = { ok: true } | { ok: false; code: string; message: string; remedy: string };
interface Mattes {
  readonly batches: number;
  /** The bytes of each matte, or the code of the picture's error. */
  readonly mattes: readonly (readonly number[] | string)[];
}
interface Answer {
  readonly probe: Outcome;
  readonly onCpu: Mattes;
  readonly onGpu: Mattes;
  readonly fragile: Mattes;
  readonly selfTest: SelfTest;
  readonly half: SelfTest;
  readonly overflowing: SelfTest;
  readonly cpuBound: Outcome;
}

async function onWebgpu(args: string[], driver: string): Promise<Answer> {
  const env = {
    ...process.env,
    VK_DRIVER_FILES: driver,
    LD_LIBRARY_PATH: dirname(await pathOf('swiftshader')),
  };
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, ...args], { env });
  return JSON.parse(stdout);
}

describeGpu('WebGPU on a software GPU', () => {
  let folder: string;
  let answer: Answer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clearcut-webgpu-'));
    const tiny = await writeTinyModel(folder, { side: SIDE });
    const models = {
      tiny,
      fragile: await writeTinyModel(folder, { side: SIDE, nanWhenRed: true }),
      half: await halfModel(tiny, folder),
      overflowing: await overflowingModel(tiny, folder),
      cpuBound: await cpuBoundModel(tiny, folder),
    };
    answer = await onWebgpu(['run', JSON.stringify(models)], await pathOf('swiftshader'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is proved by the probe', () => {
    expect(answer.probe).toEqual({ ok: true });
  });

  it("gives the CPU's mattes for each of five pictures, in a batch of one and one of four", () => {
    expect(answer.onGpu.batches).toBe(2);
    expect(answer.onGpu.mattes).toHaveLength(5);
    for (const [index, matte] of answer.onGpu.mattes.entries()) {
      const wanted = answer.onCpu.mattes[index] as number[];
      expect(new Set(wanted).size).toBeGreaterThan(100);
      expect(matte).toHaveLength(wanted.length);
      const differences = wanted.map((value, at) => Math.abs(value - Number(matte[at])));
      expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    }
  });

  it('fails only the picture whose values are no numbers, in a batch of three that is padded to four', () => {
    const [first, red, ...others] = answer.fragile.mattes;
    expect(answer.fragile.batches).toBe(2);
    expect(red).toBe('INFERENCE_FAILED');
    expect([first, ...others]).toEqual(answer.onGpu.mattes.slice(0, 3));
  });

  it('passes the self-test with the model that the CPU runs', () => {
    expect(answer.selfTest).toMatchObject({ ok: true });
    expect(answer.selfTest.maxDifference).toBeLessThanOrEqual(1 / 255);
  });

  it('fails the self-test with a model in half precision, which this GPU does not have', () => {
    const message = expect.stringContaining('f16');
    expect(answer.half).toMatchObject({ ok: false, reason: 'does-not-run', message });
  });

  it('fails the self-test, and says why, with a model whose numbers overflow', () => {
    expect(answer.overflowing).toMatchObject({ ok: false, reason: 'not-a-number' });
  });

  it('refuses a model whose work it would leave to the CPU', () => {
    expect(answer.cpuBound).toMatchObject({ ok: false, code: 'DEVICE_UNAVAILABLE' });
    expect(answer.cpuBound).toMatchObject({ message: expect.stringContaining('1 MatMul') });
  });

  it('is refused where there is no driver, by name and with a remedy', async () => {
    const { probe } = await onWebgpu(['probe'], join(folder, 'absent.json'));
    expect(probe).toMatchObject({
      ok: false,
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringContaining('absent.json cannot be read'),
      remedy: expect.stringContaining('Vulkan driver'),
    });
  });
});
