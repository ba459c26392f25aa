import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import { executionProviders } from './devices.js';
import type { FromWorker, PictureOutcome, ToWorker, WorkerStart } from './messages.js';
import ort from './onnx-runtime.js';
import { readMatte, squareSide } from './tensors.js';
import { batchSizes, paddedSize } from './worker/batch-sizes.js';
import { failureKind } from './worker/failures.js';
import { createFeed } from './worker/feed.js';
import { describeKinds, placementProblem, readPlacement } from './worker/placement.js';
import { createBatchRunner } from './worker/run-batch.js';

/**
 * The worker thread: holds one session and serves batches. `session.run` blocks the thread that calls it for the
 * whole inference, which is why it never happens on the main thread. A crash inside native code ends the process,
 * not the thread; the next start finds the pictures again.
 */

const { model, device, gpu, threads, maxBatch } = workerData as WorkerStart;
const port = parentPort;
if (port === null) throw new Error('the inference worker is started by the engine');

const { side } = model.input;
const pictureValues = 3 * side * side;
const sizes = batchSizes(device, maxBatch);
const feed = createFeed(model.input);

const SESSION_OPTIONS: ort.InferenceSession.SessionOptions = {
  executionProviders: executionProviders(device, gpu),
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
};

/** Loads the model and runs it once. Throws where the device leaves the work to the CPU. */
async function start(): Promise<{ session: ort.InferenceSession; onCpu: string }> {
  // The first run allocates and selects kernels: it belongs to the start, not to the first picture.
  if (device === 'cpu') {
    const session = await ort.InferenceSession.create(model.file, SESSION_OPTIONS);
    await run(session, blanks(1));
    return { session, onCpu: '' };
  }
  const folder = await mkdtemp(join(tmpdir(), 'clearcut-profile-'));
  try {
    const session = await ort.InferenceSession.create(model.file, {
      ...SESSION_OPTIONS,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'first-run'),
    });
    await run(session, blanks(1));
    session.endProfiling();
    const [file] = await readdir(folder);
    if (file === undefined) throw new Error('ONNX Runtime did not tell where it ran the model');
    const placement = readPlacement(await readFile(join(folder, file), 'utf8'), device);
    const problem = placementProblem(placement);
    if (problem !== undefined) throw new Error(problem);
    return { session, onCpu: describeKinds(placement.lightOnCpu) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs every size of batch once; the largest that memory is enough for. */
async function warm(session: ort.InferenceSession): Promise<number> {
  let limit = 1;
  for (const size of sizes.slice(1)) {
    try {
      await run(session, blanks(size));
    } catch (error) {
      if (failureKind(messageOf(error)) !== 'out-of-memory') throw error;
      return limit;
    }
    limit = size;
  }
  return device === 'cpu' ? maxBatch : limit;
}

async function run(
  session: ort.InferenceSession,
  pictures: readonly Uint8Array[],
): Promise<PictureOutcome[]> {
  const count = paddedSize(pictures.length, sizes);
  const feeds = { [model.input.name]: feed(pictures, count) };
  const result = (await session.run(feeds, [model.output.name]))[model.output.name];
  if (result === undefined) throw new Error(`the model has no output "${model.output.name}"`);
  // A network may answer in another size than it is asked in; without the channel's dimension, too.
  const matteSide = result.type === 'float32' ? squareSide(result.dims, count) : undefined;
  if (matteSide === undefined) {
    throw new Error(
      `the model's output is ${result.type} ${result.dims.join(' x ')}, not ${count} square mattes of one channel`,
    );
  }
  const values = result.data as Float32Array;
  const outcomes = pictures.map((_, index): PictureOutcome => {
    const matte = readMatte(values, index, matteSide, model.output);
    if (matte !== undefined) return { ok: true, matte };
    return {
      ok: false,
      reason: 'not-a-number',
      message: 'the model gave values that are no numbers (NaN)',
    };
  });
  result.dispose();
  return outcomes;
}

function blanks(count: number): Uint8Array[] {
  return Array.from({ length: count }, () => new Uint8Array(pictureValues));
}

function send(message: FromWorker, moved: ArrayBuffer[] = []): void {
  port?.postMessage(message, moved);
}

try {
  const { session, onCpu } = await start();
  const batches = createBatchRunner<Uint8Array>({
    sizes,
    limit: await warm(session),
    run: (pictures) => run(session, pictures),
  });
  port.on('message', async (message: ToWorker) => {
    if (message.kind === 'close') {
      await session.release();
      port.close();
      return;
    }
    const startedAt = performance.now();
    // Where the device is lost this throws, which ends the thread; the engine starts another.
    const outcomes = await batches.runAll(message.pictures);
    const inferenceMs = performance.now() - startedAt;
    const moved = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.matte.data.buffer] : []));
    send({ kind: 'done', outcomes, inferenceMs, batchLimit: batches.limit }, moved);
  });
  send({ kind: 'ready', batchLimit: batches.limit, onCpu });
} catch (error) {
  send({ kind: 'start-failed', message: messageOf(error) });
  port.close();
}
