import type { Manifests } from '../../batches/manifest.js';
import type { WorkInHandReader } from '../../batches/work-in-hand.js';
import { ClearcutError } from '../../errors.js';
import { readSettlement, type Settlement, settledAs } from '../../pipeline/settlement.js';
import type { ObjectHead } from '../../storage/object-store.js';
import type { ApiContext } from './context.js';
import { type FileOutcome, type FileStatus, statusOf } from './file-state.js';
import { type Snapshot, snapshotOf } from './snapshot.js';

/** Reads where one object of the input bucket stands; throws OBJECT_NOT_FOUND where it is not ours to tell of. */
export function createObjectReader(
  { store, inputBucket, areas, accepts, placeOf }: ApiContext,
  manifests: Manifests,
  inHand: WorkInHandReader,
): (key: string) => Promise<Snapshot> {
  /** What the uploader of a batch calls it; undefined where no batch announced it. */
  async function announcedName(key: string): Promise<string | undefined> {
    const batch = areas.batchOf(key);
    const manifest = batch && (await manifests.read(batch));
    return manifest ? manifest.files.find((file) => file.key === key)?.name : undefined;
  }

  async function statusOfHead(key: string, input: ObjectHead): Promise<FileStatus> {
    const [settlement, working] = await Promise.all([readSettlement(store, placeOf(key)), inHand.keys()]);
    return statusOf({ input, outcome: outcomeOf(settlement, input.etag), isInHand: working.has(key) });
  }

  return async (key) => {
    const unknown = () =>
      new ClearcutError('OBJECT_NOT_FOUND', 'There is no such upload.', { bucket: inputBucket, key });
    if (!accepts(inputBucket, key)) throw unknown();
    const [input, announced] = await Promise.all([store.head(inputBucket, key), announcedName(key)]);
    if (input === undefined && announced === undefined) throw unknown();
    const status =
      input === undefined
        ? statusOf({ input, outcome: undefined, isInHand: false })
        : await statusOfHead(key, input);
    return snapshotOf([{ key, name: announced ?? key.slice(key.lastIndexOf('/') + 1) }], [status]);
  };
}

function outcomeOf(settlement: Settlement, sourceEtag: string): FileOutcome | undefined {
  const settled = settledAs(settlement, sourceEtag);
  const record = settlement.record?.content;
  const deadLetter = settlement.deadLetter?.content;
  if (settled === 'result' && record) return { kind: 'result', record };
  return settled === 'dead-letter' && deadLetter ? { kind: 'dead-letter', deadLetter } : undefined;
}
