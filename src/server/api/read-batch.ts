import { text } from 'node:stream/consumers';
import { LRUCache } from 'lru-cache';
import PQueue from 'p-queue';
import type { Manifest } from '../../batches/manifest.js';
import type { WorkInHandReader } from '../../batches/work-in-hand.js';
import { ClearcutError, messageOf } from '../../errors.js';
import type { ResultRecord } from '../../pipeline/result-record.js';
import type { ObjectSummary } from '../../storage/object-store.js';
import type { ApiContext } from './context.js';
import {
  type FileOutcome,
  type FileStatus,
  isSettled,
  statusOf,
  type UploadedVersion,
} from './file-state.js';
import { createOutcomeCache } from './outcome-cache.js';

export interface BatchReader {
  /** Where each file of the batch stands, in the order of the manifest. */
  read(manifest: Manifest): Promise<readonly FileStatus[]>;
  /** Resolves when nothing is being written any more. */
  idle(): Promise<void>;
}

/** ETags remembered of stores whose listings tell none. */
const ETAGS_REMEMBERED = 50_000;
/** Requests at once for the ETags of such a store. */
const HEADS_AT_ONCE = 32;
/** Outcomes that are read one by one before a digest is looked for, or written. */
const MANY = 50;
/** The largest digest that is read: of a thousand records with all that they may say. */
const MAX_DIGEST_BYTES = 16 * 1024 * 1024;

type Listing = ReadonlyMap<string, ObjectSummary>;

/**
 * Reads batches from listings: a few requests for a thousand files. Only documents that were not read before take one
 * each, and what one process has read it leaves in a digest for the others. A digest is never more than a short cut:
 * each entry counts only as long as the listing shows the very document that it was made from.
 */
export function createBatchReader(context: ApiContext, inHand: WorkInHandReader): BatchReader {
  const { store, inputBucket, outputBucket, areas, placeOf, logger } = context;
  const outcomes = createOutcomeCache(store, outputBucket);
  const etags = new LRUCache<string, string>({ max: ETAGS_REMEMBERED });
  const heads = new PQueue({ concurrency: HEADS_AT_ONCE });
  /** Outcomes in the digest of a batch, as far as this process knows. */
  const digested = new LRUCache<string, number>({ max: 1_000 });
  const writing = new Set<Promise<unknown>>();

  async function list(bucket: string, folder: string): Promise<Listing> {
    const listing = new Map<string, ObjectSummary>();
    for await (const summary of store.list(bucket, { prefix: folder })) listing.set(summary.key, summary);
    return listing;
  }

  async function uploadedVersion(summary: ObjectSummary): Promise<UploadedVersion | undefined> {
    if (summary.etag !== undefined) return { ...summary, etag: summary.etag };
    const id = `${summary.size} ${summary.lastModified.getTime()} ${summary.key}`;
    const etag = etags.get(id) ?? (await heads.add(() => store.head(inputBucket, summary.key)))?.etag;
    if (etag === undefined) return undefined;
    etags.set(id, etag);
    return { ...summary, etag };
  }

  async function learnFromDigest(id: string, listed: readonly ObjectSummary[]): Promise<void> {
    if (digested.has(id) || outcomes.unknown(listed) < MANY) return;
    try {
      const { body } = await store.get(outputBucket, areas.digestKey(id), { maxBytes: MAX_DIGEST_BYTES });
      outcomes.learn(await text(body));
    } catch (error) {
      if (!(error instanceof ClearcutError) || error.code !== 'OBJECT_NOT_FOUND') throw error;
    }
    digested.set(id, listed.length - outcomes.unknown(listed));
  }

  /** Beside the answer, which does not wait for it. */
  function leaveDigest(id: string, listed: readonly ObjectSummary[], isFinished: boolean): void {
    const news = listed.length - (digested.get(id) ?? 0);
    if (listed.length < MANY || news < (isFinished ? 1 : MANY)) return;
    digested.set(id, listed.length);
    const write = store
      .put(outputBucket, areas.digestKey(id), Buffer.from(outcomes.tell(listed)), {
        contentType: 'application/json',
      })
      .catch((error: unknown) => {
        digested.delete(id);
        logger.debug({ batch: id, reason: messageOf(error) }, 'the digest of a batch could not be stored');
      })
      .finally(() => writing.delete(write));
    writing.add(write);
  }

  return {
    idle: async () => void (await Promise.all(writing)),
    async read({ id, files }) {
      const uploads = await list(inputBucket, areas.batchFolder(id));
      if (uploads.size === 0) return files.map(() => statusOf(NOTHING));
      const places = files.map(({ key }) => placeOf(key));
      const [example] = places;
      if (example === undefined) return [];
      const folders = [
        folderOf(example.recordKey),
        folderOf(example.deadLetterKey),
        folderOf(example.pictureKey('cutout', 'png')),
        folderOf(example.pictureKey('mask', 'png')),
      ];
      const [[records, deadLetters, cutouts, masks], versions, working] = await Promise.all([
        Promise.all(folders.map((folder) => list(outputBucket, folder))) as Promise<
          [Listing, Listing, Listing, Listing]
        >,
        Promise.all(
          files.map(({ key }) => {
            const summary = uploads.get(key);
            return summary && uploadedVersion(summary);
          }),
        ),
        inHand.keys(),
      ]);
      const found = places.map(({ recordKey, deadLetterKey }) => ({
        record: records.get(recordKey),
        deadLetter: deadLetters.get(deadLetterKey),
      }));
      const listed = found.flatMap(({ record, deadLetter }) => [record, deadLetter]).filter(isThere);
      await learnFromDigest(id, listed);
      const statuses = await Promise.all(
        files.map(async ({ key }, at) => {
          const { record, deadLetter } = found[at] ?? {};
          const result = record && (await outcomes.read('result', record));
          const dead = deadLetter && (await outcomes.read('dead-letter', deadLetter));
          const input = versions[at];
          const hasPictures = result?.kind === 'result' && isWhole(result.record, cutouts, masks);
          const outcome = newestOf(input, hasPictures ? result : undefined, dead);
          return statusOf({ input, outcome, isInHand: working.has(key) });
        }),
      );
      leaveDigest(id, listed, statuses.every(isSettled));
      return statuses;
    },
  };
}

const NOTHING = { input: undefined, outcome: undefined, isInHand: false } as const;

/** Whether every picture that the record names is there as it was when the record was written. */
function isWhole({ output, mask }: ResultRecord, cutouts: Listing, masks: Listing): boolean {
  const isAsNamed = (listing: Listing, named: Omit<ResultRecord['output'], 'kind'>) => {
    const there = listing.get(named.key);
    return (
      there !== undefined &&
      (there.etag === undefined ? there.size === named.size : there.etag === named.etag)
    );
  };
  return (
    isAsNamed(output.kind === 'mask' ? masks : cutouts, output) &&
    (mask === undefined || isAsNamed(masks, mask))
  );
}

/** The outcome of the version that is there; a kill may have left one of each kind, of different versions. */
function newestOf(
  input: UploadedVersion | undefined,
  result: FileOutcome | undefined,
  dead: FileOutcome | undefined,
): FileOutcome | undefined {
  const isOfInput = result?.kind === 'result' && result.record.source.etag === input?.etag;
  return isOfInput ? result : dead;
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

function isThere<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
