import type { Command } from 'commander';
import { findModel } from '../models/catalogue.js';
import type { Precision } from '../models/model.js';
import { showModelProgress } from './model-progress.js';
import { precisionsOf } from './precisions.js';
import { addSettings, loadSettings } from './settings-options.js';

/** What the subcommands of `clearcut models` have in common. */

export function subcommand(models: Command, name: string, description: string): Command {
  const command = models.command(name).description(description).option('--json', 'print JSON');
  return addSettings(command, ['inference', 'models']);
}

/** `id`: of a model, or the path of a description; the one configured unless given. */
export function optionsOf(command: Command, id?: string) {
  const { config } = loadSettings(command);
  const { device, model, precision, preset, maxSide } = config.inference;
  return {
    id: id ?? model,
    cacheDir: config.models.cache,
    sourceUrl: config.models.url,
    acceptNonCommercial: config.models.acceptNonCommercial,
    preset,
    maxSide,
    device,
    precision,
    onProgress: showModelProgress(),
  };
}

/** The precisions that the service could choose from, or the one that is configured. */
export function precisionsWanted(options: ReturnType<typeof optionsOf>): readonly Precision[] {
  const { id, preset, device, precision } = options;
  return precision === 'auto' ? precisionsOf(findModel(id), preset, device) : [precision];
}
