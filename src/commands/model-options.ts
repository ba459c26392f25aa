import type { Command } from 'commander';
import { candidatesFor } from '../inference/variant-choice.js';
import type { Precision } from '../models/model.js';
import { showModelProgress } from './model-progress.js';
import { addSettings, loadSettings } from './settings-options.js';

/** What the subcommands of `clearcut models` have in common. */

export function subcommand(models: Command, name: string, description: string): Command {
  const command = models.command(name).description(description).option('--json', 'print JSON');
  return addSettings(command, ['inference', 'models']);
}

export function optionsOf(command: Command, id?: string) {
  const { config } = loadSettings(command);
  const { device, model, precision, preset, maxSide } = config.inference;
  const precisions: readonly Precision[] = precision === 'auto' ? candidatesFor(device) : [precision];
  return {
    id: id ?? model,
    cacheDir: config.models.cache,
    sourceUrl: config.models.url,
    preset,
    maxSide,
    precisions,
    onProgress: showModelProgress(),
  };
}
