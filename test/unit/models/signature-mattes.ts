import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Picture } from '../../../src/image/decode.js';
import { type Matte, resizeMatte } from '../../../src/image/matte.js';
import { cropPadding, toModelInput } from '../../../src/image/model-input.js';
import { startEngine } from '../../../src/inference/engine.js';
import type { CatalogueModel } from '../../../src/models/catalogue.js';
import { type EnsuredModel, ensureModel } from '../../../src/models/prepare.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { FLOAT32 } from './catalogues.js';

/** Red of the picture's parts. Neither end, so that a matte that was stretched to all of 0..255 tells. */
export const BACKGROUND_RED = 51;
export const SUBJECT_RED = 204;

/** The model with a file of the user's in place of its sources. */
export async function withNetwork(model: CatalogueModel, network: Buffer): Promise<CatalogueModel> {
  const file = join(await temporaryFolder(), 'network.onnx');
  await writeFile(file, network);
  return { ...model, sources: [{ kind: 'file', file }] };
}

export async function prepare(model: CatalogueModel, precision = FLOAT32.precision): Promise<EnsuredModel> {
  return ensureModel({
    id: model.id,
    cacheDir: await temporaryFolder(),
    sourceUrl: '',
    acceptNonCommercial: [model.id],
    ...FLOAT32,
    precision,
    maxSide: 8192,
    catalogue: [model],
    onProgress: () => {},
  });
}

/** The matte of a picture, at the picture's size, from the real worker. */
export async function matteOf(model: EnsuredModel, picture: Picture): Promise<Matte> {
  const engine = await startEngine({
    model,
    device: 'cpu',
    workers: 1,
    threadsPerWorker: 1,
    maxBatch: 1,
    logger: createLogger({ level: 'silent', format: 'json' }),
  });
  onTestFinished(() => engine.close());
  const matte = await engine.infer(await toModelInput(picture, engine.side, engine.framing));
  return resizeMatte(cropPadding(matte, picture, engine.framing), picture.width, picture.height);
}

/**
 * A wide picture whose right third is the subject: it has much red and little else, the background little red and much
 * else.
 */
export function thirds(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) {
    const isSubject = at % width >= (2 * width) / 3;
    data.set(isSubject ? [SUBJECT_RED, 20, 120] : [BACKGROUND_RED, 230, 140], at * 3);
  }
  return { data, width, height, channels: 3 };
}

/** The matte in the middle of the background and of the subject, and half the picture's height below its upper edge. */
export function levelsOf({ data, width, height }: Matte): { background: number; subject: number } {
  const row = Math.floor(height / 2) * width;
  return {
    background: data[row + Math.floor(width / 3)] ?? -1,
    subject: data[row + Math.floor((5 * width) / 6)] ?? -1,
  };
}
