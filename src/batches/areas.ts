import { randomBytes } from 'node:crypto';

/**
 * Where uploads of the HTTP API lie, and what is kept about them. Keys are found from a batch's id and the other way
 * round, so nobody has to be asked which batch an object belongs to.
 */
export interface Areas {
  /** Folder of a batch in the input bucket. */
  batchFolder(id: string): string;
  /** Of the manifest, in the output bucket. */
  manifestKey(id: string): string;
  /** Of what is remembered of the outcomes of a batch, in the output bucket. */
  digestKey(id: string): string;
  /** Folder of what the workers have in hand, in the output bucket. */
  readonly workersFolder: string;
  /** A new key for a picture that is sent to the API itself, in the input bucket. */
  requestKey(extension: string): string;
  /** The batch that the key of an input belongs to. */
  batchOf(inputKey: string): string | undefined;
  /** Whether the key is one that the API gives out. */
  isUpload(inputKey: string): boolean;
}

/** Of 130 random bits, so that nobody finds a batch by guessing; they sort by nothing. */
export const BATCH_ID = /^[a-z2-7]{26}$/;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

export function newBatchId(): string {
  // 32 divides 256, so every letter is as likely as the others.
  return Array.from(randomBytes(26), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** `inputPrefix`: of the keys that are watched; `prefix`: of the API's own documents in the output bucket. */
export function createAreas(inputPrefix: string, prefix: string): Areas {
  const batches = `${inputPrefix}batches/`;
  const requests = `${inputPrefix}requests/`;
  return {
    batchFolder: (id) => `${batches}${id}/`,
    manifestKey: (id) => `${prefix}batches/${id}.json`,
    digestKey: (id) => `${prefix}outcomes/${id}.json`,
    workersFolder: `${prefix}workers/`,
    requestKey: (extension) => `${requests}${newBatchId()}.${extension}`,
    batchOf: (inputKey) => {
      if (!inputKey.startsWith(batches)) return undefined;
      const [id = '', ...rest] = inputKey.slice(batches.length).split('/');
      return BATCH_ID.test(id) && rest.length === 1 ? id : undefined;
    },
    isUpload: (inputKey) => inputKey.startsWith(batches) || inputKey.startsWith(requests),
  };
}
