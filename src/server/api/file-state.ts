import type { DeadLetter, ResultRecord } from '../../pipeline/result-record.js';

export const FILE_STATES = ['waiting', 'pending', 'processing', 'done', 'failed'] as const;
export type FileState = (typeof FILE_STATES)[number];

/** What the buckets say of one file. */
export interface Evidence {
  /** The upload; undefined where there is none. */
  readonly input: UploadedVersion | undefined;
  /** The outcome that is there, of whatever version it was made. */
  readonly outcome: FileOutcome | undefined;
  /** Whether a worker says that it has the object in hand. */
  readonly isInHand: boolean;
}

export interface UploadedVersion {
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  readonly lastModified: Date;
}

export type FileOutcome =
  | { readonly kind: 'result'; readonly record: ResultRecord }
  | { readonly kind: 'dead-letter'; readonly deadLetter: DeadLetter };

/** Where a file stands. */
export interface FileStatus {
  readonly state: FileState;
  readonly input: UploadedVersion | undefined;
  /** Of exactly the version that is there; only where the state is `done` or `failed`. */
  readonly outcome: FileOutcome | undefined;
}

/**
 * Where a file stands, from what the buckets say of it and nothing else: every process that looks at the same buckets
 * comes to the same answer. An outcome of an earlier version than the one that was uploaded last says nothing.
 */
export function statusOf({ input, outcome, isInHand }: Evidence): FileStatus {
  if (input === undefined) return { state: 'waiting', input: undefined, outcome: undefined };
  if (outcome !== undefined && sourceOf(outcome).etag === input.etag)
    return { state: outcome.kind === 'result' ? 'done' : 'failed', input, outcome };
  return { state: isInHand ? 'processing' : 'pending', input, outcome: undefined };
}

/** Whether nothing more will happen to the file by itself. */
export function isSettled({ state }: Pick<FileStatus, 'state'>): boolean {
  return state === 'done' || state === 'failed';
}

function sourceOf(outcome: FileOutcome) {
  return outcome.kind === 'result' ? outcome.record.source : outcome.deadLetter.source;
}
