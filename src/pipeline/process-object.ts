import { buffer } from 'node:stream/consumers';
import { type ClearcutError, toClearcutError } from '../errors.js';
import { checkFileSize } from '../image/inspect.js';
import type { PictureOptions } from '../image/options.js';
import type { ObjectHead, ObjectStore } from '../storage/object-store.js';
import { type Cutter, cutOutAdmitted } from './cut-out-admitted.js';
import { outputFor } from './object-options.js';
import type { DeadLetter, ResultRecord } from './result-record.js';
import {
  type OutputPlace,
  publishDeadLetter,
  publishResult,
  readSettlement,
  refreshOlder,
  removeOther,
  settledAs,
  withdraw,
} from './settlement.js';

/** Everything the way of an image needs; built once at start. */
export interface Pipeline extends Cutter {
  readonly store: ObjectStore;
  /** Whether objects with this key are ours to process. */
  readonly accepts: (bucket: string, key: string) => boolean;
  /** Where the outcome of an input is stored; the format is the configured one unless given. */
  readonly placeOf: (inputKey: string, format?: PictureOptions['format']) => OutputPlace;
  /** Seconds that the link in a record works. */
  readonly linkExpiresIn: number;
  readonly model: ResultRecord['model'];
}

export type Outcome =
  | { readonly kind: 'result'; readonly record: ResultRecord }
  | { readonly kind: 'dead-letter'; readonly deadLetter: DeadLetter }
  | { readonly kind: 'removed' }
  | { readonly kind: 'skipped'; readonly reason: 'filtered' | 'gone' | 'already done' | 'superseded' };

/** One object to process. */
export interface Task {
  readonly bucket: string;
  readonly key: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

interface Version extends Task {
  readonly etag: string;
  readonly size: number;
}

/**
 * The way of one image, from the news that an object exists to a stored result. Throws what stopped it; the caller
 * decides between another attempt and a dead letter (see retry-policy.ts). When it returns, the outcome is durable.
 */
export async function processObject(task: Task, pipeline: Pipeline): Promise<Outcome> {
  const { bucket, key } = task;
  if (!pipeline.accepts(bucket, key)) return { kind: 'skipped', reason: 'filtered' };
  const head = await pipeline.store.head(bucket, key);
  if (head === undefined) return { kind: 'skipped', reason: 'gone' };
  try {
    return await processVersion(task, head, pipeline);
  } catch (thrown) {
    // Which version failed: another may be there by the time its dead letter is written.
    throw toClearcutError(thrown, 'STORE_UNAVAILABLE').about({ bucket, key, etag: head.etag });
  }
}

async function processVersion(task: Task, head: ObjectHead, pipeline: Pipeline): Promise<Outcome> {
  const { store, admission } = pipeline;
  const output = outputFor(head.metadata, pipeline.output);
  const place = pipeline.placeOf(task.key, output.format);

  // Already done? The newest version is compared by ETag, whatever version the event spoke of.
  const before = await readSettlement(store, place);
  const settled = settledAs(before, head.etag);
  if (settled !== undefined) {
    await removeOther(store, place, before, settled);
    await refreshOlder(store, place, before, settled, head.lastModified);
    return { kind: 'skipped', reason: 'already done' };
  }

  // Admit by bytes, fetch, admit by pixels, cut out.
  const startedAt = performance.now();
  checkFileSize(head.size, pipeline.limits);
  const releaseFile = await admission.admitFile(head.size);
  try {
    const { version, bytes } = await fetchObject(task, pipeline);
    // Overwritten since we looked: the newer version may have other options, so all begins again.
    if (version.etag !== head.etag) {
      releaseFile();
      return await processObject(task, pipeline);
    }
    const fetchedAt = performance.now();
    const { info, result } = await cutOutAdmitted(bytes, { ...pipeline, output }).catch((error) =>
      unexpected(error, version),
    );

    const [picture] = result.files;

    // Store, unless a newer version arrived meanwhile: its own event brings its own result.
    const storeFrom = performance.now();
    if (!(await isCurrent(version, store))) return { kind: 'skipped', reason: 'superseded' };
    const record = await publishResult(store, place, before, picture, version.etag, async (stored) => ({
      status: 'done',
      source: { ...sourceOf(version), format: info.format, width: info.width, height: info.height },
      output: {
        bucket: place.bucket,
        key: stored.key,
        etag: stored.etag,
        contentType: picture.contentType,
        size: stored.size,
        width: picture.width,
        height: picture.height,
      },
      link: await issueLink(stored.key, place, pipeline),
      matte: { coverage: round(result.coverage, 4) },
      model: pipeline.model,
      attempts: task.attempt,
      timings: roundAll({
        fetch: fetchedAt - startedAt,
        ...result.timings,
        store: performance.now() - storeFrom,
        total: performance.now() - startedAt,
      }),
      finishedAt: new Date().toISOString(),
    }));
    return await confirm({ kind: 'result', record }, version, place, store);
  } finally {
    releaseFile();
  }
}

/**
 * Stores the dead letter of an object that cannot be processed: `error` says why, and which version failed. Where a
 * newer one is there by now nothing is stored: its own event brings its own outcome.
 */
export async function buryObject(task: Task, error: ClearcutError, pipeline: Pipeline): Promise<Outcome> {
  const { store } = pipeline;
  const place = pipeline.placeOf(task.key);
  const [head, before] = await Promise.all([store.head(task.bucket, task.key), readSettlement(store, place)]);
  if (head === undefined) return { kind: 'skipped', reason: 'gone' };
  if (head.etag !== (error.etag ?? head.etag)) return { kind: 'skipped', reason: 'superseded' };
  if (settledAs(before, head.etag) !== undefined) return { kind: 'skipped', reason: 'already done' };
  const version: Version = { ...task, etag: head.etag, size: head.size };
  const deadLetter: DeadLetter = {
    status: 'dead',
    source: sourceOf(version),
    error: { code: error.code, message: error.message, remedy: error.remedy },
    attempts: task.attempt,
    finishedAt: new Date().toISOString(),
  };
  await publishDeadLetter(store, place, before, deadLetter);
  return await confirm({ kind: 'dead-letter', deadLetter }, version, place, store);
}

async function fetchObject(task: Task, pipeline: Pipeline): Promise<{ version: Version; bytes: Buffer }> {
  const { head, body } = await pipeline.store.get(task.bucket, task.key, {
    maxBytes: pipeline.limits.maxBytes,
  });
  const bytes = await buffer(body);
  return { version: { ...task, etag: head.etag, size: bytes.length }, bytes };
}

/** What the image code did not expect may come from the image or from us: attempts decide which. */
function unexpected(error: unknown, version: Version): never {
  throw toClearcutError(error, 'INFERENCE_FAILED', version);
}

async function isCurrent(version: Version, store: ObjectStore): Promise<boolean> {
  const now = await store.head(version.bucket, version.key);
  return now?.etag === version.etag;
}

/**
 * A newer version may have arrived, been settled and cleaned up between our check and our writes. Looking once more
 * after the writes closes that gap: the older outcome is taken back, the newer one stays.
 */
async function confirm(
  outcome: Outcome,
  version: Version,
  place: OutputPlace,
  store: ObjectStore,
): Promise<Outcome> {
  if (await isCurrent(version, store)) return outcome;
  await withdraw(store, place, version.etag);
  return { kind: 'skipped', reason: 'superseded' };
}

async function issueLink(key: string, place: OutputPlace, pipeline: Pipeline): Promise<ResultRecord['link']> {
  const link = await pipeline.store.presignGet(place.bucket, key, { expiresIn: pipeline.linkExpiresIn });
  return { url: link.url, expiresAt: link.expiresAt.toISOString() };
}

function sourceOf({ bucket, key, etag, size }: Version) {
  return { bucket, key, etag, size };
}

function roundAll(timings: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(timings).map(([stage, time]) => [stage, round(time, 1)]));
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
