import { configuredOptions } from '../config/option-layers.js';
import type { Config } from '../config/schema.js';
import { createKeyFilter } from '../events/filter.js';
import type { PictureOptions } from '../image/options.js';
import { problemOfBackgroundKey } from '../options/background-key.js';
import { type Choice, chooseOptions, tryToChoose } from '../options/choose.js';
import type { OptionLayer } from '../options/layers.js';
import type { BackgroundArea } from '../pipeline/backgrounds.js';
import type { OptionPolicy } from '../pipeline/object-options.js';

/** What the configuration says of the options of objects. */
export function optionPolicyOf({ output, input }: Config): OptionPolicy {
  const { defaults, rules } = configuredOptions(output);
  const matched = rules.map(({ match, layer }) => ({
    isFor: createKeyFilter({ prefix: '', include: match, exclude: [] }),
    layer,
  }));
  return {
    layersFor: (key) => [defaults, ...matched.filter(({ isFor }) => isFor(key)).map(({ layer }) => layer)],
    readTags: input.readTags,
  };
}

/** What is wrong with options that are announced for an input, beside those of the configuration. */
export function announcedProblemsOf(
  config: Config,
): (inputKey: string, layer: OptionLayer) => readonly string[] {
  const { layersFor } = optionPolicyOf(config);
  return (inputKey, layer) => problemsOf(tryToChoose([...layersFor(inputKey), layer]), config);
}

function problemsOf(choice: Choice, { inference, output }: Config): readonly string[] {
  if ('problems' in choice) return choice.problems;
  const { preset, backgroundImage } = choice.chosen;
  const problems: string[] = [];
  if (preset !== undefined && preset !== inference.preset && !inference.otherPresets.includes(preset))
    problems.push(`preset: ${preset} is not offered`);
  const wrongKey = backgroundImage && problemOfBackgroundKey(backgroundImage, output.backgroundPrefix);
  if (wrongKey) problems.push(`bg-image: ${wrongKey}`);
  return problems;
}

/** What is made of a picture that says nothing and that no rule is about. */
export function defaultOptionsOf({ output }: Config): PictureOptions {
  return chooseOptions([configuredOptions(output).defaults]).picture;
}

/** Every bucket that the service uses, once. */
export function bucketsOf(config: Config): string[] {
  const { input, output } = config;
  return [...new Set([input.bucket, output.bucket, backgroundAreaOf(config).bucket])];
}

export function backgroundAreaOf({ output, input }: Config): BackgroundArea {
  return { bucket: output.backgroundBucket || input.bucket, prefix: output.backgroundPrefix };
}
