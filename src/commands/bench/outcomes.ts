import type { Pipeline } from '../../pipeline/process-object.js';
import type { ResultRecord } from '../../pipeline/result-record.js';
import { hasPictures, readSettlement } from '../../pipeline/settlement.js';

export interface Failure {
  readonly key: string;
  readonly code: string;
  readonly message: string;
}

export interface Outcomes {
  readonly records: readonly ResultRecord[];
  readonly failures: readonly Failure[];
}

/** What the buckets say became of the inputs: nobody's word is taken for it. */
export async function readOutcomes({ store, placeOf }: Pipeline, keys: readonly string[]): Promise<Outcomes> {
  const records: ResultRecord[] = [];
  const failures: Failure[] = [];
  for (const key of keys) {
    const settlement = await readSettlement(store, placeOf(key));
    const { record, deadLetter } = settlement;
    if (record?.content !== undefined && hasPictures(settlement)) records.push(record.content);
    else {
      const { code, message } = deadLetter?.content?.error ?? {
        code: 'OBJECT_NOT_FOUND',
        message: 'It has neither result nor dead letter.',
      };
      failures.push({ key, code, message });
    }
  }
  return { records, failures };
}
