import { OPTIONS, type OptionName } from './schema.js';

/**
 * Options come from several sources, each of them a layer: the configuration, its rules, the metadata and the tags of
 * an upload, flags. What a stronger layer says takes the place of what a weaker one said.
 */
export interface OptionLayer {
  readonly given: readonly GivenOption[];
  /** What is wrong with the layer itself; a line each. */
  readonly problems: readonly string[];
}

export interface GivenOption {
  readonly name: OptionName;
  readonly text: string;
  /** How its source writes the name: `clearcut-format`, `--format`. */
  readonly label: string;
}

/** Another way to say the same: the name and value that it stands for. */
const SYNONYMS: Readonly<Record<string, Readonly<Record<string, readonly [OptionName, string]>>>> = {
  channels: { rgba: ['output', 'cutout'], alpha: ['output', 'mask'] },
};

/** Options of which the stronger one ends the other, whatever layer that is in. */
const RIVALS: Readonly<Partial<Record<OptionName, OptionName>>> = {
  'bg-color': 'bg-image',
  'bg-image': 'bg-color',
};

const NAMES = new Set<string>(OPTIONS.map(({ name }) => name));

/**
 * A layer from names and values as its source has them. Letter case does not count, and an underscore is as good as a
 * hyphen. `labelOf` makes of a name what the reader of a mistake will look for.
 */
export function createLayer(
  texts: Readonly<Record<string, string>>,
  labelOf: (name: string) => string,
): OptionLayer {
  const given: GivenOption[] = [];
  const problems: string[] = [];
  for (const [written, value] of Object.entries(texts)) {
    const label = labelOf(written);
    const name = written.toLowerCase().replaceAll('_', '-');
    const text = value.trim();
    const meant = meaningOf(name, text);
    if (typeof meant === 'string') problems.push(`${label}: ${meant}`);
    else given.push({ ...meant, label });
  }
  for (const [at, { name, label }] of given.entries()) {
    const other = given
      .slice(0, at)
      .find((earlier) => earlier.name === name || earlier.name === RIVALS[name]);
    if (other !== undefined) problems.push(`${label}: ${other.label} says it already`);
  }
  return { given, problems };
}

function meaningOf(name: string, text: string): Pick<GivenOption, 'name' | 'text'> | string {
  const synonym = SYNONYMS[name];
  if (synonym !== undefined) {
    const meant = synonym[text.toLowerCase()];
    if (meant !== undefined) return { name: meant[0], text: meant[1] };
    return `expected one of ${Object.keys(synonym).join(', ')}, not ${JSON.stringify(text)}`;
  }
  if (!isOption(name)) return 'there is no such option';
  // A key is the only value in which letter case means something.
  return { name, text: name === 'bg-image' ? text : text.toLowerCase() };
}

/** What holds after all layers, the weakest first. */
export function merge(layers: readonly OptionLayer[]): Map<OptionName, GivenOption> {
  const merged = new Map<OptionName, GivenOption>();
  for (const option of layers.flatMap(({ given }) => given)) {
    const rival = RIVALS[option.name];
    if (rival !== undefined) merged.delete(rival);
    merged.set(option.name, option);
  }
  return merged;
}

function isOption(name: string): name is OptionName {
  return NAMES.has(name);
}
