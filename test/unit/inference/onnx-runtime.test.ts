import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { writeTinyModel } from '../../support/tiny-model.js';

const run = promisify(execFile);
const RUNTIME = new URL('../../../dist/inference/onnx-runtime.js', import.meta.url).href;

it('reports its use to nobody: nothing is left in the temporary folder', async () => {
  const { file } = await writeTinyModel(await temporaryFolder());
  const TMPDIR = await temporaryFolder();
  const script = (runtime: string) =>
    `import ort from ${JSON.stringify(runtime)};
     const session = await ort.InferenceSession.create(${JSON.stringify(file)});
     await session.release();`;
  const start = (runtime: string) =>
    run(process.execPath, ['--input-type=module', '--eval', script(runtime)], {
      env: { ...process.env, TMPDIR, ORT_DISABLE_TELEMETRY: undefined },
    });
  await start(RUNTIME);
  expect(await readdir(TMPDIR)).toEqual([]);
});
