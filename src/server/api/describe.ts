import type { Manifest } from '../../batches/manifest.js';
import { describeFile } from './describe-file.js';
import { inTurns } from './in-turns.js';
import type { Batch, BatchSummary, File } from './schemas.js';
import type { ApiServices } from './services.js';
import type { Snapshot } from './snapshot.js';

/** Snapshots as answers show them. */

export async function describeAt(snapshot: Snapshot, at: number, services: ApiServices): Promise<File> {
  const { context, links } = services;
  const file = snapshot.files[at];
  const status = snapshot.statuses[at];
  if (file === undefined || status === undefined) throw new RangeError(`There is no file ${at}.`);
  return describeFile(file, status, context.inputBucket, links);
}

/** The one file of a snapshot of an object. */
export async function describeObject(snapshot: Snapshot, services: ApiServices) {
  return { ...(await describeAt(snapshot, 0, services)), version: snapshot.version };
}

export async function describeBatch(
  manifest: Manifest,
  snapshot: Snapshot,
  services: ApiServices,
): Promise<Batch> {
  const files = await inTurns(snapshot.files, (_, at) => describeAt(snapshot, at, services));
  return { ...summaryOf(manifest, snapshot), files };
}

/** A batch without its files. */
export function summaryOf({ id, createdAt }: Manifest, snapshot: Snapshot): BatchSummary {
  const total = snapshot.files.length;
  const counts = { total, waiting: 0, pending: 0, processing: 0, done: 0, failed: 0 };
  for (const { state } of snapshot.statuses) counts[state] += 1;
  const state = snapshot.isFinished ? 'finished' : counts.waiting === total ? 'waiting' : 'working';
  return { id, createdAt, state, counts, version: snapshot.version };
}
