import { configuredOptions } from '../config/option-layers.js';
import type { Config } from '../config/schema.js';
import { createKeyFilter } from '../events/filter.js';
import type { PictureOptions } from '../image/options.js';
import { chooseOptions } from '../options/choose.js';
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
