import { problemOfBackgroundKey } from '../options/background-key.js';
import { tryToChoose } from '../options/choose.js';
import { configuredOptions } from './option-layers.js';
import type { Config } from './schema.js';

/** What is wrong with the options of the configuration, alone and with each of its rules; a line for each mistake. */
export function optionProblems({ output, inference }: Config): string[] {
  const { defaults, rules } = configuredOptions(output);
  const offered = new Set([inference.preset, ...inference.otherPresets]);
  const problems = new Set<string>();
  for (const layers of [[defaults], ...rules.map(({ layer }) => [defaults, layer])]) {
    const choice = tryToChoose(layers);
    if ('problems' in choice) {
      // Those of the defaults come back with every rule.
      for (const problem of choice.problems) problems.add(problem);
      continue;
    }
    const { preset, backgroundImage } = choice.chosen;
    if (preset !== undefined && !offered.has(preset))
      problems.add(`CLEARCUT_RULES: preset: ${preset} is not in CLEARCUT_OTHER_PRESETS`);
    const wrongKey = backgroundImage && problemOfBackgroundKey(backgroundImage, output.backgroundPrefix);
    if (wrongKey) problems.add(`CLEARCUT_OPTIONS, CLEARCUT_RULES: bg-image: ${wrongKey}`);
  }
  if (defaults.given.some(({ name }) => name === 'preset'))
    problems.add('CLEARCUT_OPTIONS: preset: set CLEARCUT_PRESET instead');
  return [...problems];
}
