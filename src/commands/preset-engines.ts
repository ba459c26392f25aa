import type { Config } from '../config/schema.js';
import { ClearcutError, messageOf } from '../errors.js';
import type { Engine } from '../inference/engine.js';
import type { Preset } from '../models/catalogue.js';
import type { PreparedModel } from '../models/model.js';
import type { OnProgress } from '../models/progress.js';
import type { RunningModel } from '../pipeline/process-object.js';
import type { Logger } from '../telemetry/logger.js';
import { openEngine } from './open-engine.js';

/** An engine with the model that it runs. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly model: PreparedModel;
}

export interface PresetEnginesOptions {
  readonly inference: Pick<Config['inference'], 'preset' | 'otherPresets' | 'device'>;
  /** That of the configured preset. */
  readonly first: OpenedEngine;
  /** Opens the engine of another one. */
  readonly open: (preset: Preset) => Promise<OpenedEngine>;
  readonly logger: Logger;
}

export interface OpenPresetEnginesOptions extends Pick<PresetEnginesOptions, 'first' | 'logger'> {
  readonly config: Config;
  readonly onProgress: OnProgress;
}

export interface PresetEngines {
  /**
   * The engine of a preset, opened when it is first wanted; that of the configured one without a name. Throws
   * OPTIONS_INVALID for a preset that is not offered, and a transient error where the engine cannot be opened: the
   * next picture tries again.
   */
  modelFor(preset: Preset | undefined): Promise<RunningModel>;
  /** Closes all of them. */
  close(): Promise<void>;
}

/** What the pipeline and its records need to know of an engine. */
export function runningModel(
  { engine, model: { id, variant, input } }: OpenedEngine,
  device: string,
): RunningModel {
  return { engine, model: { id, variant, side: input.side, device } };
}

/** As createPresetEngines, with engines that are opened as the configuration says. */
export function openPresetEngines({
  config,
  first,
  logger,
  onProgress,
}: OpenPresetEnginesOptions): PresetEngines {
  const { inference } = config;
  const open = (preset: Preset) =>
    openEngine({ ...config, inference: { ...inference, preset } }, logger, onProgress);
  return createPresetEngines({ inference, first, open, logger });
}

/** One engine for each preset that is asked for; at most those that the configuration offers. */
export function createPresetEngines({ inference, first, open, logger }: PresetEnginesOptions): PresetEngines {
  const offered = new Set([inference.preset, ...inference.otherPresets]);
  const opened = new Map<Preset, Promise<OpenedEngine>>([[inference.preset, Promise.resolve(first)]]);

  async function openOther(preset: Preset): Promise<OpenedEngine> {
    logger.info({ preset }, 'opening the engine of a preset that an object asked for');
    try {
      const other = await open(preset);
      other.engine.failed.catch((error: unknown) => {
        logger.error({ err: error, preset }, 'the engine of a preset failed; it will be opened anew');
        opened.delete(preset);
        void other.engine.close();
      });
      return other;
    } catch (error) {
      opened.delete(preset);
      if (error instanceof ClearcutError && error.permanence === 'transient') throw error;
      // What is wrong with the machine is no fault of the object, however permanent it is.
      throw new ClearcutError('INFERENCE_FAILED', `The preset ${preset} cannot be run: ${messageOf(error)}`, {
        cause: error,
        ...(error instanceof ClearcutError && { remedy: error.remedy }),
      });
    }
  }

  return {
    async modelFor(preset = inference.preset) {
      if (!offered.has(preset)) {
        throw new ClearcutError(
          'OPTIONS_INVALID',
          `The preset ${preset} is not offered here; there are: ${[...offered].join(', ')}.`,
          { remedy: 'Ask for another preset, or add it to CLEARCUT_OTHER_PRESETS.' },
        );
      }
      const opening = opened.get(preset) ?? openOther(preset);
      opened.set(preset, opening);
      return runningModel(await opening, inference.device);
    },
    async close() {
      await Promise.allSettled([...opened.values()].map(async (opening) => (await opening).engine.close()));
    },
  };
}
