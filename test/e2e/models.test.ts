import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { calibrationPath, readCalibration } from '../../src/models/calibration.js';
import { drawSubject } from '../support/draw.js';
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
});
