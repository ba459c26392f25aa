// `npm run gpu`: fetches ONNX Runtime's libraries for CUDA and TensorRT, which are too large for its npm package, and says
// what of the driver, CUDA, cuDNN and TensorRT this machine still lacks. It runs ONNX Runtime's own install script, which
// npm does not (.npmrc).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { missingFor } from '../dist/inference/devices/missing.js';
import { executionProviders } from '../dist/inference/devices.js';

const HOST = `${process.platform}/${process.arch}`;
if (HOST !== 'linux/x64') {
  say(
    `ONNX Runtime has CUDA for Node on linux/x64 only; this is ${HOST}. docs/gpu.md names what else there is.`,
  );
  process.exit(1);
}

const runtime = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
// Not "cuda12": the script of 1.30.0 takes that for no answer, and then does nothing when npm runs it for a project. There
// is nothing else than CUDA 12 to be fetched on this platform.
const { status } = spawnSync(process.execPath, [join(runtime, 'script', 'install.js')], {
  cwd: runtime,
  stdio: 'inherit',
  env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'true' },
});
const wanted = ['shared', ...executionProviders('tensorrt').map(({ name }) => name)];
const absent = wanted
  .map((name) => `libonnxruntime_providers_${name}.so`)
  .filter((name) => !existsSync(join(runtime, 'bin', 'napi-v6', HOST, name)));
if (status !== 0 || absent.length > 0) {
  say(`the libraries could not be fetched${absent.length > 0 ? `: ${absent.join(', ')}` : ''}.`);
  say(
    'They come from NuGet, so a proxy goes into GLOBAL_AGENT_HTTPS_PROXY; docs/gpu.md says how to add them by hand.',
  );
  process.exit(1);
}

say('the libraries for CUDA and TensorRT are in place; they go when dependencies are installed anew.');
for (const device of ['cuda', 'tensorrt']) {
  const missing = await missingFor(device);
  if (missing.length === 0)
    say(`${device}: nothing is missing. Prove it: npx clearcut doctor --device ${device}`);
  for (const { what, remedy } of missing) say(`${device}: missing ${what}. ${remedy}`);
}

function say(text) {
  process.stderr.write(`clearcut: ${text}\n`);
}
