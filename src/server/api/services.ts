import { createManifests, type Manifest, type Manifests } from '../../batches/manifest.js';
import { createWorkInHandReader } from '../../batches/work-in-hand.js';
import type { ApiContext } from './context.js';
import { createDiscovery } from './discover.js';
import { createLinkIssuer, type LinkIssuer } from './links.js';
import { createBatchReader } from './read-batch.js';
import { createObjectReader } from './read-object.js';
import { type Snapshot, snapshotOf } from './snapshot.js';
import { createWatchers, type Subject, type Watchers } from './watchers.js';

/** What the routes of the API work with: the context, and what is made of it once. */
export interface ApiServices {
  readonly context: ApiContext;
  readonly manifests: Manifests;
  readonly links: LinkIssuer;
  readonly watchers: Watchers;
  /** Where one upload stands. Throws OBJECT_NOT_FOUND where it is not ours to tell of. */
  readonly readObject: (key: string) => Promise<Snapshot>;
  readonly readBatch: (manifest: Manifest) => Promise<Snapshot>;
  readonly subjectOfObject: (key: string) => Subject;
  readonly subjectOfBatch: (manifest: Manifest) => Subject;
  /** Something may have happened to the input with this key. */
  readonly touch: (key: string) => void;
  /** Resolves when nothing is being written any more. */
  readonly idle: () => Promise<void>;
}

export function createApiServices(context: ApiContext): ApiServices {
  const { store, outputBucket, areas, linkExpiresIn, watching, logger } = context;
  const manifests = createManifests(store, outputBucket, areas);
  const inHand = createWorkInHandReader(store, outputBucket, areas.workersFolder);
  const batches = createBatchReader(context, inHand);
  const discover = context.discovers ? createDiscovery(context) : () => {};
  const readOne = createObjectReader(context, manifests, inHand);
  const watchers = createWatchers({ logger, ...watching });

  async function readObject(key: string): Promise<Snapshot> {
    const snapshot = await readOne(key);
    discover(snapshot);
    return snapshot;
  }

  async function readBatch(manifest: Manifest): Promise<Snapshot> {
    const snapshot = snapshotOf(manifest.files, await batches.read(manifest));
    discover(snapshot);
    return snapshot;
  }

  return {
    context,
    manifests,
    links: createLinkIssuer(store, linkExpiresIn),
    watchers,
    readObject,
    readBatch,
    subjectOfObject: (key) => ({ id: objectSubject(key), read: () => readObject(key) }),
    subjectOfBatch: (manifest) => ({ id: batchSubject(manifest.id), read: () => readBatch(manifest) }),
    idle: batches.idle,
    touch(key) {
      watchers.touch(objectSubject(key));
      const batch = areas.batchOf(key);
      if (batch !== undefined) watchers.touch(batchSubject(batch));
    },
  };
}

function objectSubject(key: string): string {
  return `object ${key}`;
}

function batchSubject(id: string): string {
  return `batch ${id}`;
}
