import { LRUCache } from 'lru-cache';
import type { ObjectStore } from '../../storage/object-store.js';

/** A link as answers show it. */
export interface IssuedLink {
  readonly url: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export interface LinkIssuer {
  /** A link that works for at least half of the usual time. `etag`: of the version that the link is about. */
  linkTo(bucket: string, key: string, etag: string): Promise<IssuedLink>;
}

/** Links remembered: those of some batches that are looked at again and again. */
const REMEMBERED = 20_000;

/** Issues links; one that is young is given again, because signing thousands anew for each look costs seconds. */
export function createLinkIssuer(store: ObjectStore, expiresIn: number): LinkIssuer {
  const issued = new LRUCache<string, IssuedLink>({ max: REMEMBERED, ttl: expiresIn * 500 });
  return {
    async linkTo(bucket, key, etag) {
      const id = JSON.stringify([bucket, key, etag]);
      const known = issued.get(id);
      if (known !== undefined) return known;
      const { url, expiresAt } = await store.presignGet(bucket, key, { expiresIn });
      const link = { url, expiresAt: expiresAt.toISOString() };
      issued.set(id, link);
      return link;
    },
  };
}
