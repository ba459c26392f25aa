import { availableParallelism } from 'node:os';
import type { Config } from '../config/schema.js';
import { configureImageRuntime } from '../image/runtime.js';
import { probeDevice } from '../inference/devices/probe.js';
import { type BatchReport, startEngine } from '../inference/engine.js';
import { defaultEngineSize } from '../inference/engine-size.js';
import { chooseVariant, type VariantChoice } from '../inference/variant-choice.js';
import { adaptationPath } from '../models/adaptation.js';
import { modelFolder } from '../models/cache.js';
import { calibrationPath } from '../models/calibration.js';
import { findModel, formOf, presetOf } from '../models/catalogue.js';
import { sha256Of } from '../models/hashes.js';
import type { Precision, PreparedModel } from '../models/model.js';
import { ensureModel, PASSES } from '../models/prepare.js';
import type { OnProgress } from '../models/progress.js';
import type { Logger } from '../telemetry/logger.js';
import { precisionsOf } from './precisions.js';

/**
 * Proves the device, fetches and prepares the model where that is still to do, chooses its precision, and starts the
 * workers on it. Returns them with the model, the choice (undefined where the precision is configured) and their size.
 */
export async function openEngine(
  config: Config,
  logger: Logger,
  onProgress: OnProgress,
  onBatch?: (batch: BatchReport) => void,
) {
  configureImageRuntime();
  const { device, precision, workers, threads, maxBatch, batchWait } = config.inference;
  // First of all: who has no such device should not wait for the model to learn it.
  const gpus = await probeDevice(device, config.inference.gpus);
  const prepare = (wanted: Precision) =>
    ensureModel({ ...modelOptionsOf(config), precision: wanted, onProgress });
  const choice = precision === 'auto' ? await choosePrecision(config, prepare, gpus[0], logger) : undefined;
  const model = await prepare(choice?.precision ?? (precision as Precision));
  const defaults = defaultEngineSize({ device, cores: availableParallelism(), gpus: gpus.length });
  const size = {
    workers: workers || defaults.workers,
    threadsPerWorker: threads || defaults.threadsPerWorker,
    maxBatch: maxBatch || defaults.maxBatch,
  };
  if (model.batch === 'one' && size.maxBatch > 1)
    logger.info({ maxBatch: size.maxBatch }, 'this model takes one picture in a run');
  const engine = await startEngine({
    model,
    device,
    gpus,
    ...size,
    ...(batchWait !== 'auto' && { maxWaitMs: batchWait }),
    onBatch,
    logger,
  });
  return { engine, model, choice, size };
}

function modelOptionsOf({ inference, models }: Config) {
  const { model, preset, maxSide } = inference;
  const { cache: cacheDir, url: sourceUrl, acceptNonCommercial } = models;
  return { id: model, preset, maxSide, cacheDir, sourceUrl, acceptNonCommercial };
}

async function choosePrecision(
  config: Config,
  prepare: (precision: Precision) => Promise<PreparedModel>,
  gpu: number | undefined,
  logger: Logger,
): Promise<VariantChoice> {
  const options = modelOptionsOf(config);
  const model = findModel(options.id);
  const form = formOf(model, options.preset, options.maxSide);
  const { calibration: table } = presetOf(model, options.preset);
  const calibration = table && (await sha256Of(calibrationPath(table)));
  const adaptation = form.adaptation && (await sha256Of(adaptationPath(form.adaptation)));
  const startedAt = Date.now();
  const choice = await chooseVariant({
    device: config.inference.device,
    ...(gpu !== undefined && { gpu }),
    // Alone on the machine, whatever the workers share later.
    threads: availableParallelism(),
    candidates: precisionsOf(model, options.preset, config.inference.device),
    prepare,
    subject: { model: model.id, form, calibration, adaptation, passes: PASSES },
    file: modelFolder(options.cacheDir, model.id).file('self-test.json'),
  });
  const { precision, trials, testedAt } = choice;
  if (Date.parse(testedAt) >= startedAt)
    logger.info({ precision, trials }, 'self-test: chose the precision of the model');
  return choice;
}
