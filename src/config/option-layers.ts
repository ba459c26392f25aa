import { createLayer, type OptionLayer } from '../options/layers.js';
import type { Config } from './schema.js';

/** The options of pictures that the configuration gives. */
export interface ConfiguredOptions {
  readonly defaults: OptionLayer;
  /** Those of later rules go before those of earlier ones. */
  readonly rules: ReadonlyArray<{ readonly match: readonly string[]; readonly layer: OptionLayer }>;
}

export function configuredOptions({ options, rules }: Config['output']): ConfiguredOptions {
  return {
    defaults: createLayer(options, (name) => `CLEARCUT_OPTIONS: ${name}`),
    rules: rules.map((rule, at) => ({
      match: rule.match,
      layer: createLayer(rule.options, (name) => `CLEARCUT_RULES: rule ${at + 1}: ${name}`),
    })),
  };
}
