import { LRUCache } from 'lru-cache';
import { ClearcutError } from '../errors.js';
import type { ImageLimits } from '../image/inspect.js';
import { problemOfBackgroundKey } from '../options/background-key.js';
import type { ObjectHead, ObjectStore } from '../storage/object-store.js';
import { readWhole } from '../storage/read-whole.js';

/** Where the pictures lie that may be put behind a subject. */
export interface BackgroundArea {
  readonly bucket: string;
  /** Only keys that begin like this; see problemOfBackgroundKey. */
  readonly prefix: string;
}

/** The pictures that may be put behind a subject. */
export interface Backgrounds {
  /** Looks for the image with this key. Throws OPTIONS_INVALID where it cannot be one, or what the store throws. */
  find(key: string): Promise<FoundBackground>;
}

export interface FoundBackground {
  /** Bytes. */
  readonly size: number;
  /** Its bytes, whatever they are. Throws OPTIONS_INVALID where there are too many, or what the store throws. */
  read(): Promise<Uint8Array>;
}

/** Bytes of the backgrounds that are kept for the next pictures, together. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** Reads backgrounds through the store, as large as any picture may be; those used last are kept. */
export function createBackgrounds(
  store: ObjectStore,
  { bucket, prefix }: BackgroundArea,
  { maxBytes }: Pick<ImageLimits, 'maxBytes'>,
): Backgrounds {
  const kept = new LRUCache<string, Uint8Array>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ length }) => length,
  });

  async function read({ key, etag }: ObjectHead): Promise<Uint8Array> {
    const known = kept.get(`${etag} ${key}`);
    if (known !== undefined) return known;
    const content = await store.get(bucket, key, { maxBytes });
    const bytes = await readWhole(content);
    kept.set(`${content.head.etag} ${key}`, bytes);
    return bytes;
  }

  return {
    async find(key) {
      const problem = problemOfBackgroundKey(key, prefix);
      if (problem !== undefined) throw invalid(problem);
      const head = await orInvalid(key, () => store.head(bucket, key));
      if (head === undefined) throw invalid(`there is no "${key}" in "${bucket}"`);
      return { size: head.size, read: () => orInvalid(key, () => read(head)) };
    },
  };
}

/** What is wrong with a background for good is wrong with the option that names it. */
async function orInvalid<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ClearcutError) || error.permanence === 'transient') throw error;
    throw invalid(`"${key}": ${error.message}`, error);
  }
}

function invalid(problem: string, cause?: unknown): ClearcutError {
  return new ClearcutError(
    'OPTIONS_INVALID',
    `The background cannot be had: bg-image: ${problem.replace(/\.$/, '')}.`,
    { cause },
  );
}
