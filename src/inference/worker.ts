import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import { messageOf } from '../errors.js';
import { DEVICE_FACTS } from './devices.js';
import type { FromWorker, PictureOutcome, ToWorker, WorkerStart } from './messages.js';
import { fillInput, inputTables, readMatte } from './tensors.js';

/**
 * The worker thread: holds one session and serves batches. `session.run` blocks the thread that calls it for the
 * whole inference, which is why it never happens on the main thread. A crash inside native code ends the process,
 * not the thread; the next start finds the pictures again.
 */

const { model, device, threads } = workerData as WorkerStart;
const port = parentPort;
if (port === null) throw new Error('the inference worker is started by the engine');

const { side } = model.input;
const tables = inputTables(model.input);
/** Input tensors by batch size, kept: allocating them anew costs more than filling them. */
const inputs = new Map<number, Float32Array>();

async function start(): Promise<ort.InferenceSession> {
  const session = await ort.InferenceSession.create(model.file, {
    executionProviders: [DEVICE_FACTS[device].provider],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Planning one block for all activations takes a third more memory (1.6 against 1.1 GB at 1024 x 1024) and
    // saves no time.
    enableMemPattern: false,
    // Waiting threads would otherwise spin on the cores that decode and encode other pictures.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    // Errors only: the warnings are about graph details that nobody here can change.
    logSeverityLevel: 3,
  });
  // The first run allocates and selects kernels: it belongs to the start, not to the first picture.
  await run(session, [new Uint8Array(side * side * 3)]);
  return session;
}

async function run(
  session: ort.InferenceSession,
  pictures: readonly Uint8Array[],
): Promise<PictureOutcome[]> {
  const count = pictures.length;
  const tensor = inputs.get(count) ?? new Float32Array(count * 3 * side * side);
  inputs.set(count, tensor);
  for (const [index, rgb] of pictures.entries()) fillInput(tensor, index, rgb, tables);
  const feeds = { [model.input.name]: new ort.Tensor('float32', tensor, [count, 3, side, side]) };
  const result = (await session.run(feeds, [model.output.name]))[model.output.name];
  if (result === undefined) throw new Error(`the model has no output "${model.output.name}"`);
  if (result.type !== 'float32' || result.size !== count * side * side) {
    throw new Error(
      `the model's output is ${result.type} ${result.dims.join(' x ')}, not a matte of ${side} x ${side}`,
    );
  }
  const values = result.data as Float32Array;
  const outcomes = pictures.map((_, index): PictureOutcome => {
    const matte = readMatte(values, index, side, model.output.activation);
    return matte
      ? { ok: true, matte }
      : { ok: false, message: 'the model gave values that are no numbers (NaN)' };
  });
  result.dispose();
  return outcomes;
}

/** A batch that fails as a whole is run again one by one, so that one bad picture costs one picture. */
async function runBatch(
  session: ort.InferenceSession,
  pictures: readonly Uint8Array[],
): Promise<PictureOutcome[]> {
  try {
    return await run(session, pictures);
  } catch (error) {
    if (pictures.length === 1) return [{ ok: false, message: messageOf(error) }];
    const outcomes: PictureOutcome[] = [];
    for (const picture of pictures) outcomes.push(...(await runBatch(session, [picture])));
    return outcomes;
  }
}

function send(message: FromWorker, moved: ArrayBuffer[] = []): void {
  port?.postMessage(message, moved);
}

try {
  const session = await start();
  port.on('message', async (message: ToWorker) => {
    if (message.kind === 'close') {
      await session.release();
      port.close();
      return;
    }
    const startedAt = performance.now();
    const outcomes = await runBatch(session, message.pictures);
    const moved = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.matte.data.buffer] : []));
    send({ kind: 'done', outcomes, inferenceMs: performance.now() - startedAt }, moved);
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'start-failed', message: messageOf(error) });
  port.close();
}
