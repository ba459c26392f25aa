import type { OutputPlace } from '../pipeline/settlement/place.js';
import { readSettlement } from '../pipeline/settlement.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Subject } from './outcome-event.js';

/**
 * What the buckets say of news that was written before its outcome, by a process that may have died in between:
 * `stands`: the outcome is there. `pending`: not yet, or not any more, and the input is still the same, so whoever
 * settles it writes the news anew. `other`: the same version has another outcome. `replaced`: the input is another or
 * gone, so nobody can tell whether the outcome ever was there.
 */
export type Standing = 'stands' | 'pending' | 'other' | 'replaced';

export async function standingOf(
  { kind, bucket, key, etag }: Subject,
  store: ObjectStore,
  placeOf: (inputKey: string) => OutputPlace,
): Promise<Standing> {
  const { record, deadLetter } = await readSettlement(store, placeOf(key));
  // The documents alone: a cut-out may have been deleted by a lifecycle rule since.
  const isDone = record?.content?.source.etag === etag;
  const isDead = deadLetter?.content?.source.etag === etag;
  if (kind === 'removed') return isDone || isDead ? 'pending' : 'stands';
  if (kind === 'result' ? isDone : isDead) return 'stands';
  if (isDone || isDead) return 'other';
  const input = await store.head(bucket, key);
  return input?.etag === etag ? 'pending' : 'replaced';
}
