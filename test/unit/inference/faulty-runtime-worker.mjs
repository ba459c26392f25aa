// The real worker on a runtime with faults: it has no memory for more than three pictures, refuses a batch or loses its
// device where a picture's first pixel calls for it, and gives NaN or crashes where the model's id does: see faults.ts.
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';

const MEMORY_FOR = 3;

const create = ort.InferenceSession.create;
ort.InferenceSession.create = async (...args) => {
  const session = await create.apply(ort.InferenceSession, args);
  const run = session.run.bind(session);
  session.run = async (feeds, outputs) => {
    if (workerData.model.id === 'deadly') process.exit(7);
    const [input] = Object.values(feeds);
    const [count, channels, height, width] = input.dims;
    if (count > MEMORY_FOR)
      throw new Error('Failed to allocate memory for requested buffer of size 1073741824');
    const size = channels * height * width;
    const reds = Array.from({ length: count }, (_, index) =>
      Math.round((input.data[index * size] + 0.5) * 255),
    );
    if (reds.includes(7)) throw new Error('this picture is refused');
    if (reds.includes(10)) throw new Error('[Device] is lost.');
    const result = await run(feeds, outputs);
    if (workerData.model.id === 'no-numbers')
      for (const output of Object.values(result)) output.data.fill(Number.NaN);
    return result;
  };
  return session;
};

await import('#inference-worker');
// The engine takes the first message of a worker that starts for its readiness; this one comes after it.
parentPort.postMessage({ kind: 'started', gpu: workerData.gpu });
