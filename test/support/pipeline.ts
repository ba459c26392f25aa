import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { DEFAULT_OPTIONS, type PictureOptions } from '../../src/image/options.js';
import { type Engine, startEngine } from '../../src/inference/engine.js';
import { createAdmission } from '../../src/pipeline/admission.js';
import type { Pipeline } from '../../src/pipeline/process-object.js';
import type { OutputPlace } from '../../src/pipeline/settlement.js';
import { createLinkSigner } from '../../src/server/links.js';
import { createDirectoryStore } from '../../src/storage/directory/store.js';
import { cutoutKey, deadLetterKey, recordKey } from '../../src/storage/keys.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { temporaryFolder } from './temporary-folder.js';
import { type TinyModelOptions, writeTinyModel } from './tiny-model.js';

export const INPUT = 'uploads';
export const OUTPUT = 'results';

export interface TestPipeline {
  readonly root: string;
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly pipeline: Pipeline;
  upload(key: string, bytes: Uint8Array): Promise<void>;
  /** Keys of everything in the output bucket. */
  outputs(): Promise<string[]>;
}

/** The real pipeline on a temporary folder with a tiny real model. Everything is closed after the test. */
export async function createTestPipeline(options: TinyModelOptions = {}): Promise<TestPipeline> {
  const root = await temporaryFolder();
  const signer = createLinkSigner({ secret: Buffer.alloc(32, 7), publicUrl: 'http://localhost:1' });
  const store = await createDirectoryStore({ root, links: signer });
  await store.ensureBucket(INPUT);
  await store.ensureBucket(OUTPUT);
  const engine = await startEngine({
    model: await writeTinyModel(root, options),
    device: 'cpu',
    workers: 1,
    threadsPerWorker: 1,
    maxBatch: 4,
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(() => engine.close());
  const pipeline: Pipeline = {
    store,
    engine,
    admission: createAdmission(1024 ** 3),
    accepts: (bucket, key) => bucket === INPUT && !key.startsWith('.'),
    placeOf: (key, format = 'png') => placeOf(key, format),
    limits: { maxBytes: 10_000_000, maxPixels: 10_000_000, maxFrames: 100 },
    output: DEFAULT_OPTIONS,
    linkExpiresIn: 600,
    model: { id: 'tiny', variant: 'fp32', side: engine.side, device: 'cpu' },
  };
  return {
    root,
    store,
    engine,
    pipeline,
    upload: async (key, bytes) => void (await store.put(INPUT, key, bytes)),
    async outputs() {
      const keys: string[] = [];
      for await (const { key } of store.list(OUTPUT)) keys.push(key);
      return keys;
    },
  };
}

export function placeOf(key: string, format: PictureOptions['format']): OutputPlace {
  return {
    bucket: OUTPUT,
    cutoutKey: cutoutKey('cutouts/', key, format),
    recordKey: recordKey('records/', key),
    deadLetterKey: deadLetterKey('dead-letters/', key),
  };
}
