import { createHash } from 'node:crypto';
import type { NamedFile } from './describe-file.js';
import { type FileStatus, isSettled } from './file-state.js';

/** Where some files stand at one moment. */
export interface Snapshot {
  readonly files: readonly NamedFile[];
  /** Of each file, in their order. */
  readonly statuses: readonly FileStatus[];
  /** The same for all who see the same in the buckets; another one as soon as anything changed. */
  readonly version: string;
  /** A mark for each file, which is another one (but for one chance in 65,536) where something changed about it. */
  readonly marks: Marks;
  /** Whether nothing more will happen by itself. */
  readonly isFinished: boolean;
}

/** Two bytes for each file. */
export type Marks = Buffer;

const MARK_BYTES = 2;

export function snapshotOf(files: readonly NamedFile[], statuses: readonly FileStatus[]): Snapshot {
  const hashes = statuses.map((status) => createHash('sha256').update(textOf(status)).digest());
  return {
    files,
    statuses,
    version: createHash('sha256').update(Buffer.concat(hashes)).digest('base64url').slice(0, 22),
    marks: Buffer.concat(hashes.map((hash) => hash.subarray(0, MARK_BYTES))),
    isFinished: statuses.every(isSettled),
  };
}

/** Places of the files about which something changed since `before` was seen: all, where that is of other files. */
export function changedSince(before: Marks | undefined, { marks, files }: Snapshot): number[] {
  const places = [...files.keys()];
  if (before?.length !== marks.length) return places;
  return places.filter((at) => {
    const from = at * MARK_BYTES;
    return marks.compare(before, from, from + MARK_BYTES, from, from + MARK_BYTES) !== 0;
  });
}

/** What tells one status from another. Links are no part of it: they are issued anew for each who asks. */
function textOf({ state, input, outcome }: FileStatus): string {
  const finishedAt = outcome?.kind === 'result' ? outcome.record.finishedAt : outcome?.deadLetter.finishedAt;
  return JSON.stringify([state, input?.etag, finishedAt]);
}
