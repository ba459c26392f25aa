import { type ChosenOptions, chooseOptions } from '../options/choose.js';
import { createLayer, type OptionLayer } from '../options/layers.js';
import type { ObjectHead, ObjectStore } from '../storage/object-store.js';
import { SOURCE_ETAG } from '../storage/source-etag.js';
import { VERDICT_METADATA } from './verdict-metadata.js';

/** User metadata that starts like this is meant for us. */
const METADATA_PREFIX = 'clearcut-';
/** Tags that start like this are meant for us. */
const TAG_PREFIX = 'clearcut:';

/** Where options come from besides the object itself. */
export interface OptionPolicy {
  /** What the configuration says of an object with this key; the weakest first. */
  readonly layersFor: (key: string) => readonly OptionLayer[];
  /** What was said of the object when its upload was announced, if it was. Default: nothing. */
  readonly announced?: ((key: string) => Promise<OptionLayer | undefined>) | undefined;
  /** Whether the object's tags are read: a request for each object. */
  readonly readTags: boolean;
}

/**
 * What is to be made of this version of an object: its tags before its metadata (`clearcut-format: webp`), those
 * before the rules and the defaults of the configuration. Throws OPTIONS_INVALID with every mistake at once: a misspelt
 * option must not pass in silence.
 */
export async function optionsOf(
  bucket: string,
  { key, metadata }: ObjectHead,
  store: ObjectStore,
  { layersFor, announced, readTags }: OptionPolicy,
): Promise<ChosenOptions> {
  const layers = [...layersFor(key)];
  const said = await announced?.(key);
  if (said !== undefined) layers.push(said);
  layers.push(layerOf(metadata, METADATA_PREFIX));
  if (readTags) layers.push(layerOf(await store.tags(bucket, key), TAG_PREFIX));
  return chooseOptions(layers);
}

/** The metadata that gives an upload these options. */
export function optionMetadata({ given }: OptionLayer): Record<string, string> {
  return Object.fromEntries(given.map(({ name, text }) => [`${METADATA_PREFIX}${name}`, text]));
}

/** Which of these options no metadata can carry; a line each. */
export function metadataProblems({ given }: OptionLayer): string[] {
  const others = given.filter(({ text }) => !/^[\x20-\x7e]*$/.test(text));
  return others.map(({ label }) => `${label}: nothing but printable ASCII can be carried with an upload`);
}

function layerOf(texts: Readonly<Record<string, string>>, prefix: string): OptionLayer {
  const ours = Object.entries(texts)
    // What an output carries is no option, should somebody upload one again.
    .filter(([name]) => name.startsWith(prefix) && name !== SOURCE_ETAG && !VERDICT_METADATA.includes(name))
    .map(([name, text]) => [name.slice(prefix.length), text] as const);
  return createLayer(Object.fromEntries(ours), (name) => `${prefix}${name}`);
}
