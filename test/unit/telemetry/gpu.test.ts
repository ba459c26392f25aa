import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseGpus, readGpus } from '../../../src/telemetry/metrics/gpu.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** As `nvidia-smi --query-gpu=index,utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits` writes. */
const TWO_GPUS = '0, 87, 10240, 81559\n1, 0, 4, 81559\n';
const WITH_MIG = '0, [N/A], 1036, 81559\n';

test('percent and MiB become shares and bytes', () => {
  expect(parseGpus(TWO_GPUS)).toEqual([
    { gpu: '0', utilization: 0.87, memoryUsed: 10_240 * 1024 ** 2, memoryTotal: 81_559 * 1024 ** 2 },
    { gpu: '1', utilization: 0, memoryUsed: 4 * 1024 ** 2, memoryTotal: 81_559 * 1024 ** 2 },
  ]);
});

test('what the driver does not tell is not known', () => {
  expect(parseGpus(WITH_MIG)[0]).toMatchObject({
    gpu: '0',
    utilization: undefined,
    memoryUsed: 1_036 * 1024 ** 2,
  });
  expect(parseGpus('No devices were found\n')).toEqual([]);
});

test('a machine without nvidia-smi, or with one that fails, has no GPUs to show', async () => {
  expect(await readGpus('/nowhere/nvidia-smi')).toBe('no such program');
  expect(await readGpus(process.execPath)).toBeUndefined();
});

test.skipIf(process.platform === 'win32')('the program is asked for what is parsed', async () => {
  const program = join(await temporaryFolder(), 'nvidia-smi');
  await writeFile(program, `#!/bin/sh\necho "$@" | grep -q index,utilization.gpu && printf '${TWO_GPUS}'\n`, {
    mode: 0o755,
  });
  expect(await readGpus(program)).toHaveLength(2);
});
