import { LRUCache } from 'lru-cache';
import type { ApiContext } from './context.js';
import type { Snapshot } from './snapshot.js';

/** Versions remembered as told. */
const REMEMBERED = 20_000;

/**
 * Tells the service of uploads that it may not know of yet, where no event tells it: whoever asks what became of an
 * upload should not wait for the sweep. Each version is told once, because an event that is told again starts the
 * attempts anew.
 */
export function createDiscovery({ nudge }: Pick<ApiContext, 'nudge'>): (snapshot: Snapshot) => void {
  const told = new LRUCache<string, true>({ max: REMEMBERED });
  return ({ files, statuses }) => {
    for (const [at, { state, input }] of statuses.entries()) {
      const key = files[at]?.key;
      if (state !== 'pending' || key === undefined || input === undefined) continue;
      const version = JSON.stringify([key, input.etag]);
      if (told.has(version)) continue;
      told.set(version, true);
      nudge(key, input.etag);
    }
  };
}
