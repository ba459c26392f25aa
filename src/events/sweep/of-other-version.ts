import PQueue from 'p-queue';
import type { ObjectStore, ObjectSummary } from '../../storage/object-store.js';
import { SOURCE_ETAG } from '../../storage/source-etag.js';

/** An input whose outcome may have been made from an earlier version of it. */
export interface Doubt {
  readonly input: ObjectSummary;
  readonly outcome: { readonly bucket: string; readonly key: string };
}

/** Doubts looked into at once, with two requests each. */
const CONCURRENCY = 8;

/**
 * The inputs whose outcome was made from another version of them than the one that is there. One that cannot be read
 * counts as such: it must not keep the sweep from all others, and who processes it meets the error too.
 */
export async function ofOtherVersion(
  doubts: readonly Doubt[],
  store: ObjectStore,
  inputBucket: string,
): Promise<ObjectSummary[]> {
  const queue = new PQueue({ concurrency: CONCURRENCY });
  const same = await queue.addAll(
    doubts.map((doubt) => () => isSameVersion(doubt, store, inputBucket).catch(() => false)),
  );
  return doubts.filter((_, index) => same[index] === false).map(({ input }) => input);
}

async function isSameVersion({ input, outcome }: Doubt, store: ObjectStore, inputBucket: string) {
  const [source, made] = await Promise.all([
    store.head(inputBucket, input.key),
    store.head(outcome.bucket, outcome.key),
  ]);
  // An input that is gone is nobody's business any more.
  return source === undefined || made?.metadata[SOURCE_ETAG] === source.etag;
}
