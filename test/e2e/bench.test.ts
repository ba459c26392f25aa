import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { BenchReport } from '../../src/commands/bench/report.js';
import { drawSubject } from '../support/draw.js';
import { clearcut, filesBelow, readJson } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const TIMEOUT = 120_000;

/** The smallest side keeps it quick; everything of the run is in a temporary folder of the test. */
async function bench(args: readonly string[]) {
  const temporary = await temporaryFolder();
  const env = { CLEARCUT_MODEL_MAX_SIDE: '256', CLEARCUT_RETRY_MIN: '10ms', TMPDIR: temporary };
  const finished = await clearcut(['bench', '--warmup', '1', ...args], env);
  // ONNX Runtime puts files of its own there.
  const left = (await readdir(temporary)).filter((name) => name.startsWith('clearcut'));
  return { ...finished, left };
}

describe('clearcut bench', () => {
  test(
    'measures drawn pictures, compares with the bare model, keeps results where told, and leaves nothing',
    async () => {
      const out = await temporaryFolder();
      const file = join(out, 'report.json');
      const load = ['--images', '4', '--megapixels', '0.1', '--rate', '50', '--bare', '--price', '0.5'];
      const { code, stdout, left } = await bench([...load, '--json', file, '--out', join(out, 'kept')]);
      expect(code).toBe(0);
      expect(left).toEqual([]);
      expect(stdout).toMatch(/^throughput .* images\/s/m);
      expect(stdout).toMatch(/^bare model .* the pipeline reaches \d+% of it$/m);
      expect(stdout).toMatch(/^cost .* for 1,000 images at 0\.5 an hour$/m);

      const report = (await readJson(file)) as unknown as BenchReport;
      expect(report.images).toMatchObject({ done: 4, failed: 0 });
      expect(report.setup).toMatchObject({ images: 4, warmup: 1, rate: 50, store: 'directory' });
      expect(report.setup.model).toMatchObject({ id: 'isnet-general-use', side: 256, device: 'cpu' });
      expect(report.bare?.pictures).toBe(4);
      expect(report.machine.node).toBe(process.versions.node);

      const kept = await filesBelow(join(out, 'kept'));
      expect(kept).toHaveLength(8);
      const [picture = '', record = ''] = kept;
      const { width, height } = await sharp(join(out, 'kept', picture)).metadata();
      const { output } = await readJson(join(out, 'kept', record));
      expect(output).toMatchObject({ width, height });
    },
    TIMEOUT,
  );

  test(
    'an image that fails is named, and is the exit code',
    async () => {
      const folder = await temporaryFolder();
      await writeFile(join(folder, 'good.jpg'), await drawSubject());
      await writeFile(join(folder, 'wrong.jpg'), 'no picture');
      const { code, stdout, left } = await bench(['--input', folder, '--images', '4', '--json']);
      expect(code).toBe(1);
      expect(left).toEqual([]);
      const { images, pictures } = JSON.parse(stdout) as BenchReport;
      expect(images).toMatchObject({ done: 2, failed: 2 });
      expect(images.failures.map((failure) => failure.code)).toEqual([
        'FORMAT_UNSUPPORTED',
        'FORMAT_UNSUPPORTED',
      ]);
      expect(pictures).toMatchObject({ source: 'folder', distinct: 2 });
      expect(await readFile(join(folder, 'wrong.jpg'), 'utf8')).toBe('no picture');
    },
    TIMEOUT,
  );

  test('wrong options are told at once, with the exit code for configuration', async () => {
    const { code, stderr } = await bench(['--images', 'many', '--rate', 'fast']);
    expect(code).toBe(78);
    expect(stderr).toContain('--images: expected a whole number from 1');
    expect(stderr).toContain('--rate: expected a number from 0');
  });
});
