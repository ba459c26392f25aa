import { ClearcutError } from '../../errors.js';
import { readSettlement, settledAs } from '../../pipeline/settlement.js';
import type { ApiContext } from './context.js';
import { type FileOutcome, type FileStatus, statusOf } from './file-state.js';

/** Where one object of the input bucket stands. Throws OBJECT_NOT_FOUND where it is not ours to tell of. */
export async function readObject(
  { store, inputBucket, accepts, placeOf }: ApiContext,
  key: string,
): Promise<FileStatus> {
  const unknown = () =>
    new ClearcutError('OBJECT_NOT_FOUND', 'There is no such upload.', { bucket: inputBucket, key });
  if (!accepts(inputBucket, key)) throw unknown();
  const [input, settlement] = await Promise.all([
    store.head(inputBucket, key),
    readSettlement(store, placeOf(key)),
  ]);
  if (input === undefined) throw unknown();
  const settled = settledAs(settlement, input.etag);
  const { record, deadLetter } = settlement;
  let outcome: FileOutcome | undefined;
  if (settled === 'result' && record?.content) outcome = { kind: 'result', record: record.content };
  if (settled === 'dead-letter' && deadLetter?.content)
    outcome = { kind: 'dead-letter', deadLetter: deadLetter.content };
  return statusOf({ input, outcome, isInHand: false });
}

/** What an upload is called that no batch has a name for. */
export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
