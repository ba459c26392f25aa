import { createHash } from 'node:crypto';

/**
 * Where the outcome of an input is stored: `cutouts/<key>.cutout.png`, `masks/<key>.mask.png`,
 * `records/<key>.json`, `dead-letters/<key>.json`. Three things hold for each of these functions, given one prefix:
 *
 * 1. Two inputs never share an output. A natural name is the input key with an ending, and a hashed name carries
 *    128 bits of the SHA-256 of the whole input key. The two kinds cannot meet: a hashed file name has
 *    `~<32 hex digits>` before its ending, and an input whose last segment ends like that never gets a natural name.
 *    Two natural names are equal only for equal inputs, because marking folders (see 2) is injective.
 * 2. No output needs a folder where another output is a file, as a directory store could not hold both. Every file
 *    name ends with an output ending (`.json`, `.cutout.png`, ...). A folder segment never does: one that ends so, or
 *    so with tildes behind it, gets one more tilde (`x.json` -> `x.json~`, `x.json~` -> `x.json~~`). That is injective:
 *    marked segments end with an ending and at least one tilde, which no unmarked segment does.
 * 3. No segment exceeds 255 bytes and no key 1,024 (unless the prefix alone leaves no room): names that would are
 *    cut at a grapheme and hashed.
 */

const MAX_KEY_BYTES = 1024;
const MAX_SEGMENT_BYTES = 255;
const HASH_DIGITS = 32;

const LOOKS_HASHED = new RegExp(`~[0-9a-f]{${HASH_DIGITS}}$`);
/** Case does not matter: on some file systems `X.JSON` and `x.json` are one name. */
const LOOKS_LIKE_OUTPUT = /\.(json|(cutout|mask)\.[a-z0-9]+)~*$/i;

/** Key of the cut-out. `extension` is that of the format, such as `png`; letters and digits only. */
export function cutoutKey(prefix: string, inputKey: string, extension: string): string {
  return outputKey(prefix, inputKey, `.cutout.${extension}`);
}

/** Key of the mask; `extension` as of the cut-out. */
export function maskKey(prefix: string, inputKey: string, extension: string): string {
  return outputKey(prefix, inputKey, `.mask.${extension}`);
}

/** Key of the result record. */
export function recordKey(prefix: string, inputKey: string): string {
  return outputKey(prefix, inputKey, '.json');
}

/** Key of the dead letter. */
export function deadLetterKey(prefix: string, inputKey: string): string {
  return outputKey(prefix, inputKey, '.json');
}

function outputKey(prefix: string, inputKey: string, ending: string): string {
  const segments = inputKey.split('/');
  const last = segments.pop() ?? '';
  const folders = segments.map(markFolder);
  const natural = [...folders, `${last}${ending}`];
  if (!LOOKS_HASHED.test(last) && fits(prefix, natural)) return `${prefix}${natural.join('/')}`;

  const hash = createHash('sha256').update(inputKey).digest('hex').slice(0, HASH_DIGITS);
  const tail = `~${hash}${ending}`;
  const nameBytes = Math.min(MAX_SEGMENT_BYTES, MAX_KEY_BYTES - byteLength(prefix));
  const hashed = `${truncate(last, nameBytes - tail.length)}${tail}`;
  // The hash is of the whole key, so the name alone is enough where its folders leave no room.
  return `${prefix}${fits(prefix, [...folders, hashed]) ? [...folders, hashed].join('/') : hashed}`;
}

function markFolder(segment: string): string {
  return LOOKS_LIKE_OUTPUT.test(segment) ? `${segment}~` : segment;
}

function fits(prefix: string, segments: readonly string[]): boolean {
  return (
    byteLength(prefix) + byteLength(segments.join('/')) <= MAX_KEY_BYTES &&
    segments.every((segment) => byteLength(segment) <= MAX_SEGMENT_BYTES)
  );
}

/** As many whole graphemes from the start as fit into `maxBytes` of UTF-8. */
function truncate(text: string, maxBytes: number): string {
  let kept = '';
  let bytes = 0;
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    bytes += byteLength(segment);
    if (bytes > maxBytes) break;
    kept += segment;
  }
  return kept;
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
