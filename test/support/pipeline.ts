import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type Engine, startEngine } from '../../src/inference/engine.js';
import type { MatteEngine } from '../../src/inference/engine-api.js';
import { createLayer } from '../../src/options/layers.js';
import { createAdmission } from '../../src/pipeline/admission.js';
import { createBackgrounds } from '../../src/pipeline/backgrounds.js';
import type { Pipeline } from '../../src/pipeline/process-object.js';
import type { OutputPlace } from '../../src/pipeline/settlement/place.js';
import { createLinkSigner } from '../../src/server/links.js';
import { createDirectoryStore } from '../../src/storage/directory/store.js';
import { cutoutKey, deadLetterKey, maskKey, recordKey } from '../../src/storage/keys.js';
import type { ObjectStore } from '../../src/storage/object-store.js';
import { temporaryFolder } from './temporary-folder.js';
import { type TinyModelOptions, writeTinyModel } from './tiny-model.js';

export const INPUT = 'uploads';
export const OUTPUT = 'results';

const LIMITS = { maxBytes: 10_000_000, maxPixels: 10_000_000, maxFrames: 100 };

export interface TestPipeline {
  readonly root: string;
  readonly store: ObjectStore;
  readonly engine: Engine;
  readonly pipeline: Pipeline;
  /** `options` go with it as metadata. */
  upload(key: string, bytes: Uint8Array, options?: Readonly<Record<string, string>>): Promise<void>;
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
    ...runningOn(engine),
    admission: createAdmission(1024 ** 3),
    accepts: (bucket, key) => bucket === INPUT && !key.startsWith('.'),
    placeOf,
    limits: LIMITS,
    options: { layersFor: () => [], readTags: false },
    backgrounds: createBackgrounds(store, { bucket: INPUT, prefix: 'backgrounds/' }, LIMITS),
    linkExpiresIn: 600,
  };
  return {
    root,
    store,
    engine,
    pipeline,
    upload: async (key, bytes, options = {}) => {
      const metadata = Object.fromEntries(
        Object.entries(options).map(([name, text]) => [`clearcut-${name}`, text]),
      );
      await store.put(INPUT, key, bytes, { metadata });
    },
    async outputs() {
      const keys: string[] = [];
      for await (const { key } of store.list(OUTPUT)) keys.push(key);
      return keys;
    },
  };
}

/** The part of a pipeline that says what model runs, whatever preset is asked for. */
export function runningOn(engine: MatteEngine): Pick<Pipeline, 'modelFor'> {
  const model = { id: 'tiny', variant: 'fp32', side: engine.side, device: 'cpu' };
  return { modelFor: async () => ({ engine, model }) };
}

/** The same pipeline with these options as the configuration's. */
export function withOptions(pipeline: Pipeline, texts: Readonly<Record<string, string>>): Pipeline {
  const layer = createLayer(texts, (name) => name);
  return { ...pipeline, options: { layersFor: () => [layer], readTags: false } };
}

export function placeOf(key: string): OutputPlace {
  return {
    bucket: OUTPUT,
    pictureKey: (kind, format) =>
      kind === 'cutout' ? cutoutKey('cutouts/', key, format) : maskKey('masks/', key, format),
    recordKey: recordKey('records/', key),
    deadLetterKey: deadLetterKey('dead-letters/', key),
  };
}
