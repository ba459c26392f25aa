import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { calibrationPath, readCalibration } from '../../src/models/calibration.js';
import { drawSubject, POINTS } from '../support/draw.js';
import { clearcut } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** A small side keeps it quick. */
const QUICK = { CLEARCUT_MODEL_MAX_SIDE: '256' };
const TIMEOUT = 120_000;

describe('clearcut models', () => {
  test(
    'calibrate measures the values that the shipped table has, over a folder of pictures',
    async () => {
      const folder = await temporaryFolder();
      const output = join(await temporaryFolder(), 'table.json');
      await writeFile(join(folder, 'one.jpg'), await drawSubject());
      await writeFile(join(folder, 'two.png'), await drawSubject({ background: '#808080', format: 'png' }));
      const { code, stdout } = await clearcut(['models', 'calibrate', folder, '-o', output, '--json'], QUICK);
      expect(code).toBe(0);
      const table = await readCalibration(output);
      const shipped = await readCalibration(calibrationPath('isnet-general-use-quality.json'));
      const names = Object.keys(table.values);
      expect(JSON.parse(stdout)).toEqual({ output, photographs: 2, values: names.length });
      expect(names).toEqual(Object.keys(shipped.values));
      expect(table).toMatchObject({ model: 'isnet-general-use', from: '2 photographs at 256 x 256' });
    },
    TIMEOUT,
  );

  test('calibrate refuses a folder without pictures', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'table.json');
    const { code, stderr } = await clearcut(['models', 'calibrate', folder, '-o', output]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`no images in ${folder}`);
  });

  test(
    'prepare makes every precision that may be chosen, or the one that was',
    async () => {
      const { code, stdout } = await clearcut(['models', 'prepare', '--json'], QUICK);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject([{ variant: 'int8-256' }, { variant: 'fp32-256' }]);
      const one = await clearcut(['models', 'prepare', '--precision', 'fp32', '--json'], QUICK);
      expect(JSON.parse(one.stdout)).toMatchObject([{ variant: 'fp32-256', wasPrepared: false }]);
    },
    TIMEOUT,
  );

  test(
    'pull fetches small real weights, and a description of the same file gives the same cut-out',
    async ({ skip }) => {
      const folder = await temporaryFolder();
      const cache = { CLEARCUT_MODEL_CACHE: join(folder, 'cache') };
      const pulled = await clearcut(['models', 'pull', 'u2netp', '--json'], cache);
      skip(/could not be fetched/.test(pulled.stderr), 'the weights cannot be reached from here');
      expect(JSON.parse(pulled.stdout)).toMatchObject({
        source: { size: 4_574_861 },
        prepared: [{ id: 'u2netp', variant: 'fp32', batch: 'any', input: { side: 320 } }],
      });
      // Nobody held these weights against a description before: the command does it now.
      const description = join(folder, 'mine.yaml');
      await copyFile(join(folder, 'cache/models/u2netp/source.onnx'), join(folder, 'mine.onnx'));
      await writeFile(
        description,
        'input: { side: 320, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }\n' +
          'output: { index: 0, normalise: min-max }\nbatch: any\n',
      );
      const own = await clearcut(['models', 'pull', description, '--json'], cache);
      expect(own.stderr).not.toContain('clearcut:');
      expect(JSON.parse(own.stdout)).toMatchObject({ prepared: [{ variant: 'fp32', batch: 'any' }] });

      const picture = join(folder, 'picture.png');
      await writeFile(picture, await drawSubject({ background: '#c0c0c0', format: 'png' }));
      const alphas = await Promise.all(
        ['u2netp', description].map(async (model, at) => {
          const output = join(folder, `${at}`);
          const { code } = await clearcut(['remove', picture, '--model', model, '-o', output], cache);
          expect(code).toBe(0);
          const [name = ''] = await readdir(output);
          return sharp(join(output, name)).extractChannel('alpha').raw().toBuffer();
        }),
      );
      expect(alphas[1]).toEqual(alphas[0]);
      const at = ({ x, y }: { x: number; y: number }) =>
        alphas[0]?.[Math.round(y * 160) * 240 + Math.round(x * 240)];
      expect(at(POINTS.ellipse)).toBeGreaterThan(200);
      expect(at(POINTS.background)).toBeLessThan(50);
    },
    TIMEOUT,
  );

  test('pull asks for consent before it fetches what may not be used commercially', async () => {
    const cacheDir = join(await temporaryFolder(), 'cache');
    const { code, stderr } = await clearcut(['models', 'pull', 'rmbg-2.0'], {
      CLEARCUT_MODEL_CACHE: cacheDir,
    });
    expect(code).not.toBe(0);
    expect(stderr).toContain('CC-BY-NC-4.0');
    expect(stderr).toContain('--accept-non-commercial rmbg-2.0');
    await expect(readdir(cacheDir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('show and list tell of the catalogue and of a description', async () => {
    const description = join(await temporaryFolder(), 'mine.yaml');
    await writeFile(
      description,
      'name: Mine\nurl: https://example.com/mine.onnx\ninput: { side: 64, mean: [0, 0, 0], std: [1, 1, 1] }\n',
    );
    const shown = await clearcut(['models', 'show', description]);
    expect(shown.stdout).toMatch(/^mine-[0-9a-f]{8} {2}\(Mine, /);
    expect(shown.stdout).toContain('https://example.com/mine.onnx (no hash known)');
    const listed = await clearcut(['models', 'list', '--model', description]);
    expect(listed.stdout).toMatch(/mine-[0-9a-f]{8}/);
    expect(listed.stdout).toContain('rmbg-2.0  (BRIA RMBG-2.0, CC-BY-NC-4.0, not for commercial use)');
    const json = await clearcut(['models', 'show', 'modnet', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ id: 'modnet', input: { resize: 'letterbox' } });
  });
});
