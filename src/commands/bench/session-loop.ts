import sharp from 'sharp';
import { executionProviders } from '../../inference/devices.js';
import ort from '../../inference/onnx-runtime.js';
import { createFeed } from '../../inference/worker/feed.js';
import type { SessionLoopDone, SessionLoopStart } from './bare.js';

/**
 * The bare loop that the pipeline is compared with: a process that calls `session.run` again and again on tensors that
 * are ready, and does nothing else. ONNX Runtime has its own defaults here, spinning threads included: nobody else wants
 * the cores.
 */

// Without a listener nothing would keep the process alive.
process.on('message', async (start: SessionLoopStart) => {
  const done = await loop(start);
  process.send?.(done, () => process.disconnect());
});

async function loop({
  model,
  device,
  threads,
  batch,
  files,
  runs,
}: SessionLoopStart): Promise<SessionLoopDone> {
  const session = await ort.InferenceSession.create(model.file, {
    executionProviders: executionProviders(device, undefined),
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const tensors = await tensorsOf(model, batch, files);
  const run = async (at: number) => {
    const feeds = { [model.input.name]: tensors[at % tensors.length] as ort.Tensor };
    const result = await session.run(feeds, [model.output.name]);
    result[model.output.name]?.dispose();
  };
  // The first run allocates and selects kernels.
  await run(0);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  for (let at = 0; at < runs; at++) await run(at);
  const wall = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  await session.release();
  return { pictures: runs * batch, wall, cpu: (user + system) / 1000 };
}

/** The files as the model wants them, `batch` to a tensor, each in turn. */
async function tensorsOf(
  model: SessionLoopStart['model'],
  batch: number,
  files: readonly string[],
): Promise<ort.Tensor[]> {
  const { side } = model.input;
  const pictures = await Promise.all(
    files.map((file) =>
      sharp(file)
        .autoOrient()
        .flatten()
        .toColourspace('srgb')
        .resize(side, side, { fit: 'fill' })
        .raw()
        .toBuffer(),
    ),
  );
  return pictures.map((_, first) => {
    const inBatch = Array.from(
      { length: batch },
      (_, at) => pictures[(first + at) % pictures.length] as Buffer,
    );
    // A feed of its own for each: it may keep the buffer that it fills.
    return createFeed(model.input)(inBatch, batch);
  });
}
