import { type Command, Option } from 'commander';
import { ClearcutError } from '../errors.js';
import { createLayer, type OptionLayer } from '../options/layers.js';
import { OPTIONS } from '../options/schema.js';

/**
 * Gives a command a flag for each option of a picture that it has no flag for yet, and `--option name=value` for those
 * whose name comes from elsewhere. Switches such as `--crop` need no value.
 */
export function addOptionFlags(command: Command): Command {
  const taken = new Set(command.options.map(({ long }) => long));
  for (const { name, doc, allowed, initial } of OPTIONS) {
    if (taken.has(`--${name}`)) continue;
    const isDefault = initial === '' ? '' : ` (default: ${initial})`;
    const value = allowed.startsWith('`true`') ? '[value]' : '<value>';
    const option = new Option(`--${name} ${value}`, `${doc}${isDefault}`);
    // `--no-subject` is no denial of a subject.
    option.negate = false;
    command.addOption(option.helpGroup('Options of the pictures (docs/options.md):'));
  }
  return command.option(
    '--option <name=value>',
    'any of these options, by its name; may be repeated',
    collect,
    [],
  );
}

/** The options that a command was given by the flags of addOptionFlags, the weakest first. */
export function optionFlagsOf(command: Command): OptionLayer[] {
  const values = command.opts<Record<string, unknown>>();
  const texts: Record<string, string> = {};
  for (const option of command.options) {
    const name = option.long?.slice(2);
    const value = values[option.attributeName()];
    const isOurs = OPTIONS.some((known) => known.name === name);
    if (name === undefined || !isOurs || command.getOptionValueSource(option.attributeName()) !== 'cli')
      continue;
    texts[name] = value === true ? 'true' : String(value);
  }
  return [
    createLayer(texts, (name) => `--${name}`),
    createLayer(pairsOf(values['option']), (name) => `--option ${name}`),
  ];
}

function pairsOf(given: unknown): Record<string, string> {
  const pairs = Array.isArray(given) ? given.map(String) : [];
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
      if (name !== undefined && value !== undefined) return [name, value] as const;
      throw new ClearcutError(
        'OPTIONS_INVALID',
        `--option ${pair}: expected name=value, such as format=webp.`,
      );
    }),
  );
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}
