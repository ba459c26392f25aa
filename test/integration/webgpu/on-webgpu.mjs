// What happens on a GPU, in a process of its own: the Vulkan loader reads its variables before this starts. Prints JSON.
//   node on-webgpu.mjs probe
//   node on-webgpu.mjs run MODELS        MODELS: JSON, models by name (PreparedModel)
import { probeDevice } from '../../../dist/inference/devices/probe.js';
import { startEngine } from '../../../dist/inference/engine.js';
import { referenceRun, selfTest } from '../../../dist/inference/self-test.js';
import { createLogger } from '../../../dist/telemetry/logger.js';

const [task, models = '{}'] = process.argv.slice(2);
const { tiny, fragile, half, overflowing, cpuBound } = JSON.parse(models);
const logger = createLogger({ level: 'silent', format: 'json' });

const answer = task === 'probe' ? { probe: await outcome(probeDevice('webgpu', 'all')) } : await runAll();
// Whole before the process ends: a pipe takes no more than 64 KiB at once.
process.stdout.write(JSON.stringify(answer));

async function runAll() {
  const pictures = Array.from({ length: 5 }, (_, index) => drawn(tiny.input.side, index));
  const { mattes: reference } = await referenceRun({ model: tiny, threads: 1 });
  const test = (model) => selfTest({ model, device: 'webgpu', threads: 1, reference });
  return {
    probe: await outcome(probeDevice('webgpu', 'all')),
    onCpu: await mattes(tiny, 'cpu', pictures),
    onGpu: await mattes(tiny, 'webgpu', pictures),
    fragile: await mattes(fragile, 'webgpu', [
      pictures[0],
      red(fragile.input.side),
      pictures[1],
      pictures[2],
    ]),
    selfTest: await test(tiny),
    half: await test(half),
    overflowing: await test(overflowing),
    cpuBound: await outcome(startEngine(options(cpuBound, 'webgpu'))),
  };
}

/** Each picture's matte or the code of its error, and how many batches it took. */
async function mattes(model, device, pictures) {
  const engine = await startEngine(options(model, device));
  const results = await Promise.allSettled(pictures.map((rgb) => engine.infer(rgb.slice())));
  const { batches } = engine.stats();
  await engine.close();
  const each = results.map(({ value, reason }) => (reason ? reason.code : [...value.data]));
  return { batches, mattes: each };
}

function options(model, device) {
  return { model, device, workers: 1, threadsPerWorker: 1, maxBatch: 4, logger };
}

async function outcome(promise) {
  return promise.then(
    () => ({ ok: true }),
    ({ code, message, remedy }) => ({ ok: false, code, message, remedy }),
  );
}

/** Pictures with every shade of green, each with its own. */
function drawn(side, index) {
  return Uint8Array.from({ length: side * side * 3 }, (_, at) => (at * 37 + index * 11) % 256);
}

function red(side) {
  return Uint8Array.from({ length: side * side * 3 }, (_, at) => (at % 3 === 0 ? 255 : 0));
}
