import { LRUCache } from 'lru-cache';
import PQueue from 'p-queue';
import { z } from 'zod';
import { deadLetterSchema, resultRecordSchema } from '../../pipeline/result-record.js';
import { readDocument } from '../../pipeline/settlement/documents.js';
import type { ObjectStore, ObjectSummary } from '../../storage/object-store.js';
import type { FileOutcome } from './file-state.js';

/** Records and dead letters by the listing that told of them: each is read once and then known. */
export interface OutcomeCache {
  /** What the document says; undefined where it is gone or is none of ours. */
  read(kind: FileOutcome['kind'], listed: ObjectSummary): Promise<FileOutcome | undefined>;
  /** Those of the listed documents that are known, as a text that `learn` takes. */
  tell(listed: readonly ObjectSummary[]): string;
  /** Takes what another process knew; what listings tell otherwise of is forgotten when it is asked for. */
  learn(told: string): void;
  /** How many of the listed documents would have to be read. */
  unknown(listed: readonly ObjectSummary[]): number;
}

/** Outcomes remembered: about 2 kB each. */
const REMEMBERED = 20_000;
/** Documents read at once. */
const CONCURRENCY = 32;

const outcomeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('result'), record: resultRecordSchema }),
  z.object({ kind: z.literal('dead-letter'), deadLetter: deadLetterSchema }),
]);

const toldSchema = z.array(z.object({ key: z.string(), version: z.string(), outcome: outcomeSchema }));

interface Known {
  readonly version: string;
  readonly outcome: FileOutcome;
}

export function createOutcomeCache(store: ObjectStore, bucket: string): OutcomeCache {
  const known = new LRUCache<string, Known>({ max: REMEMBERED });
  const queue = new PQueue({ concurrency: CONCURRENCY });

  function recall(summary: ObjectSummary): FileOutcome | undefined {
    const found = known.get(summary.key);
    return found?.version === versionOf(summary) ? found.outcome : undefined;
  }

  async function fetch(kind: FileOutcome['kind'], summary: ObjectSummary): Promise<FileOutcome | undefined> {
    const outcome = await readOutcome(kind, store, bucket, summary.key);
    if (outcome !== undefined) known.set(summary.key, { version: versionOf(summary), outcome });
    return outcome;
  }

  return {
    read: async (kind, listed) => recall(listed) ?? (await queue.add(() => fetch(kind, listed))),
    tell(listed) {
      const told = listed.map((summary) => ({
        key: summary.key,
        version: versionOf(summary),
        outcome: recall(summary),
      }));
      return JSON.stringify(told.filter(({ outcome }) => outcome !== undefined));
    },
    learn(told) {
      for (const { key, ...rest } of parse(told)) if (!known.has(key)) known.set(key, rest);
    },
    unknown: (listed) => listed.filter((summary) => recall(summary) === undefined).length,
  };
}

async function readOutcome(
  kind: FileOutcome['kind'],
  store: ObjectStore,
  bucket: string,
  key: string,
): Promise<FileOutcome | undefined> {
  if (kind === 'result') {
    const record = (await readDocument(store, bucket, key, resultRecordSchema))?.content;
    return record && { kind, record };
  }
  const deadLetter = (await readDocument(store, bucket, key, deadLetterSchema))?.content;
  return deadLetter && { kind, deadLetter };
}

/** Another one where the object was written again. */
function versionOf({ etag, size, lastModified }: ObjectSummary): string {
  return etag ?? `${size}-${lastModified.getTime()}`;
}

function parse(told: string): z.infer<typeof toldSchema> {
  try {
    return toldSchema.safeParse(JSON.parse(told)).data ?? [];
  } catch {
    return [];
  }
}
