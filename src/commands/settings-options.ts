import { type Command, Option } from 'commander';
import { type LoadedConfig, loadConfig } from '../config/load.js';
import { SETTINGS } from '../config/settings.js';

/**
 * Gives a command a flag for each setting it uses, and `--config` for the file. `used` names whole sections (`output`)
 * or single settings (`output.format`). Values stay text here: the one schema reads them, whether they come from a
 * flag, the environment or a file. Secrets have no flag.
 */
export function addSettings(command: Command, used: readonly string[]): Command {
  command.addOption(new Option('-c, --config <file>', 'configuration file').env('CLEARCUT_CONFIG'));
  for (const setting of SETTINGS) {
    if (setting.secret) continue;
    if (!used.includes(setting.path[0]) && !used.includes(setting.path.join('.'))) continue;
    const isDefault = setting.defaultText === '' ? '' : ` (default: ${setting.defaultText})`;
    const option = new Option(`--${setting.flag} <value>`, `${setting.doc}${isDefault} [${setting.env}]`);
    command.addOption(option.helpGroup(`Settings (${setting.path[0]}):`));
  }
  return command;
}

/** Reads the configuration for a command that was given its flags by `addSettings`. */
export function loadSettings(command: Command): LoadedConfig {
  const values = command.opts<Record<string, string | undefined>>();
  const flags: Record<string, string> = {};
  for (const option of command.options) {
    const name = option.long?.slice(2);
    const value = values[option.attributeName()];
    if (name !== undefined && name !== 'config' && typeof value === 'string') flags[name] = value;
  }
  return loadConfig({ flags, env: process.env, file: values['config'] });
}
