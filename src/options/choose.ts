import { isDeepStrictEqual } from 'node:util';
import { ClearcutError } from '../errors.js';
import { type Background, DEFAULT_OPTIONS, type PictureOptions, type Shadow } from '../image/options.js';
import { contradictions } from './contradictions.js';
import { type GivenOption, merge, type OptionLayer } from './layers.js';
import { OPTIONS, type OptionName, optionsSchema, type ParsedOptions } from './schema.js';

/** What was chosen for one picture. */
export interface ChosenOptions {
  /** Its background is never an image: who can read that puts it in. */
  readonly picture: PictureOptions;
  /** Name of the image to put behind the subject. */
  readonly backgroundImage: string | undefined;
  /** Undefined: the one of the service. */
  readonly preset: NonNullable<ParsedOptions['preset']> | undefined;
  /** The options that say something else than the defaults, as they were written. */
  readonly changed: Readonly<Partial<Record<OptionName, string>>>;
}

/** The choice, or what is wrong with it; a line for each mistake. */
export type Choice = { readonly chosen: ChosenOptions } | { readonly problems: readonly string[] };

/** What holds after all layers, the weakest first. Throws OPTIONS_INVALID with every mistake at once. */
export function chooseOptions(layers: readonly OptionLayer[]): ChosenOptions {
  const choice = tryToChoose(layers);
  if ('chosen' in choice) return choice.chosen;
  throw new ClearcutError('OPTIONS_INVALID', `The options are wrong: ${choice.problems.join('; ')}.`);
}

/** As chooseOptions, for who collects mistakes. */
export function tryToChoose(layers: readonly OptionLayer[]): Choice {
  const given = merge(layers);
  const labelOf = (name: OptionName) => given.get(name)?.label ?? name;
  const texts = Object.fromEntries([...given].map(([name, { text }]) => [name, text]));
  const parsed = optionsSchema.safeParse(texts);
  const problems = layers.flatMap((layer) => layer.problems);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues)
      problems.push(`${labelOf(path[0] as OptionName)}: ${message}`);
    return { problems };
  }
  problems.push(...contradictions(parsed.data, labelOf));
  if (problems.length > 0) return { problems };
  return { chosen: chosenOf(parsed.data, given) };
}

function chosenOf(parsed: ParsedOptions, given: ReadonlyMap<OptionName, GivenOption>): ChosenOptions {
  const backgroundImage = parsed['bg-image'];
  return {
    picture: pictureOf(parsed),
    backgroundImage: backgroundImage === 'none' ? undefined : backgroundImage,
    preset: parsed.preset,
    changed: changedOf(parsed, given),
  };
}

function pictureOf(parsed: ParsedOptions): PictureOptions {
  const initial = DEFAULT_OPTIONS;
  return {
    output: parsed.output ?? initial.output,
    format: parsed.format ?? (parsed.frames === 'all' ? 'webp' : initial.format),
    quality: parsed.quality ?? initial.quality,
    depth: parsed.depth === '16' ? 16 : 8,
    background: backgroundOf(parsed),
    crop: parsed.crop ? (parsed['crop-margin'] ?? NO_MARGIN) : undefined,
    region: isDeepStrictEqual(parsed.roi, DEFAULTS.roi) ? undefined : parsed.roi,
    scale: parsed.scale?.share,
    position: parsed.position?.at,
    canvas: parsed.size?.canvas,
    maxSide: parsed['max-side'] ?? initial.maxSide,
    shadow: shadowOf(parsed),
    edges: parsed.edges ?? initial.edges,
    decontaminate: parsed.despill ?? initial.decontaminate,
    metadata: parsed.metadata ?? initial.metadata,
    profile: parsed.profile ?? initial.profile,
    frames: parsed.frames ?? initial.frames,
    noSubject: parsed['no-subject'] ?? initial.noSubject,
  };
}

const NONE = { px: 0 };
const NO_MARGIN = { top: NONE, right: NONE, bottom: NONE, left: NONE };

function backgroundOf(parsed: ParsedOptions): Background {
  const rgba = parsed['bg-color']?.rgba;
  return rgba === undefined ? { kind: 'none' } : { kind: 'color', rgba };
}

function shadowOf(parsed: ParsedOptions): Shadow | undefined {
  if (!parsed['add-shadow']) return undefined;
  const { x, y } = parsed['shadow-offset'] ?? DEFAULTS['shadow-offset'];
  return {
    opacity: parsed['shadow-opacity'] ?? DEFAULTS['shadow-opacity'],
    blur: parsed['shadow-blur'] ?? DEFAULTS['shadow-blur'],
    offsetX: x,
    offsetY: y,
  };
}

/** What the documentation calls the default of each option, as values. */
const DEFAULTS = optionsSchema
  .omit({ preset: true })
  .required()
  .parse(
    Object.fromEntries(
      OPTIONS.filter(({ initial }) => initial !== '').map(({ name, initial }) => [name, initial]),
    ),
  );

function changedOf(
  parsed: ParsedOptions,
  given: ReadonlyMap<OptionName, GivenOption>,
): Partial<Record<OptionName, string>> {
  const initial: ParsedOptions = { ...DEFAULTS, preset: undefined };
  const changed = [...given].filter(([name]) => !isDeepStrictEqual(parsed[name], initial[name]));
  return Object.fromEntries(changed.map(([name, { text }]) => [name, text]));
}
