import picomatch from 'picomatch';

export interface KeyFilterOptions {
  /** Only keys that start with exactly this; letter case counts, as it does when a bucket is listed. */
  readonly prefix: string;
  /** Glob patterns of whole keys; at least one must match. */
  readonly include: readonly string[];
  /** Glob patterns of whole keys; none may match. The defaults are in src/config/schema.ts. */
  readonly exclude: readonly string[];
}

export type KeyFilter = (key: string) => boolean;

/**
 * Patterns are about names that people and programs give, so letter case does not count: `*.jpg` is meant to match
 * the `IMG_1.JPG` of a camera too. A `*` matches names that start with a dot as well (hidden files are left out by
 * an exclude pattern, where it can be seen and changed), `**` any text across folders, line breaks included, which
 * keys may contain. A backslash is a character like any other in a key, on every platform.
 */
const GLOB_OPTIONS = { dot: true, flags: 'is', windows: false } satisfies picomatch.PicomatchOptions;

/** Whether an object with this key is ours to process. Compiled once; pure. */
export function createKeyFilter({ prefix, include, exclude }: KeyFilterOptions): KeyFilter {
  const included = picomatch([...include], GLOB_OPTIONS);
  const excluded = picomatch([...exclude], GLOB_OPTIONS);
  return (key) => key.startsWith(prefix) && !isFolderMarker(key) && included(key) && !excluded(key);
}

/** The consoles of S3 servers show a folder where there is an empty object whose key ends with a slash. */
function isFolderMarker(key: string): boolean {
  return key.endsWith('/');
}

/** Where Clearcut itself writes. */
export interface OutputArea {
  readonly bucket: string;
  /** Prefixes of cut-outs, records and dead letters. An empty one means the whole bucket. */
  readonly prefixes: readonly string[];
}

/**
 * The recursion guard: whether the object lies where Clearcut writes, so that output never becomes input when both
 * use one bucket. Letter case and Unicode form are ignored because file systems may ignore them: on macOS and
 * Windows the folder `Cutouts/` is also `cutouts/`. Leaving one input too many alone is the smaller harm.
 */
export function isOwnOutput(object: { bucket: string; key: string }, output: OutputArea): boolean {
  if (object.bucket !== output.bucket) return false;
  const key = fold(object.key);
  return output.prefixes.some((prefix) => key.startsWith(fold(prefix)));
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
