import { type ClearcutError, toClearcutError } from '../errors.js';
import type { PictureFile } from '../image/files.js';
import { checkFileSize } from '../image/inspect.js';
import { releaseMemory } from '../image/release-memory.js';
import type { MatteEngine } from '../inference/engine-api.js';
import type { Preset } from '../models/catalogue.js';
import type { ChosenOptions } from '../options/choose.js';
import type { ObjectHead, ObjectStore } from '../storage/object-store.js';
import { readWhole } from '../storage/read-whole.js';
import type { Backgrounds } from './backgrounds.js';
import { type Cutter, cutOutAdmitted } from './cut-out-admitted.js';
import { type OptionPolicy, optionsOf } from './object-options.js';
import { announcing, type OutcomeListener } from './outcome-listener.js';
import type { DeadLetter, ResultRecord } from './result-record.js';
import type { OutputPlace } from './settlement/place.js';
import {
  mend,
  publishDeadLetter,
  publishResult,
  readSettlement,
  refreshOlder,
  type StoredPicture,
  settledAs,
  withdraw,
  withStrays,
} from './settlement.js';
import { describeVerdict, verdictMetadata } from './verdict-metadata.js';

/** Everything the way of an image needs; built once at start. */
export interface Pipeline extends Pick<Cutter, 'admission' | 'limits'> {
  readonly store: ObjectStore;
  /** Whether objects with this key are ours to process. */
  readonly accepts: (bucket: string, key: string) => boolean;
  /** Where the outcome of an input is stored. */
  readonly placeOf: (inputKey: string) => OutputPlace;
  readonly options: OptionPolicy;
  readonly backgrounds: Backgrounds;
  /** The model of a preset, or the one of the service; it may have to be opened first. */
  readonly modelFor: (preset: Preset | undefined) => Promise<RunningModel>;
  /** Seconds that the links in a record work. */
  readonly linkExpiresIn: number;
  /** Told of every outcome. Default: nobody is. */
  readonly outcomes?: OutcomeListener | undefined;
}

export interface RunningModel {
  readonly engine: MatteEngine;
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
  /** What this attempt is part of, where somebody traces it. */
  readonly trace?: TaskTrace | undefined;
}

/** The trace that the way of one image is part of, by W3C Trace Context. */
export interface TaskTrace {
  /** The object's own word about where it comes from, which goes before that of the event. */
  objectSays(traceparent: string | undefined): void;
  /** For whoever is told of the outcome; undefined where nobody said anything. */
  traceparent(): string | undefined;
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
  task.trace?.objectSays(head.metadata['traceparent']);
  try {
    return await processVersion(task, head, pipeline);
  } catch (thrown) {
    // Which version failed: another may be there by the time its dead letter is written.
    throw toClearcutError(thrown, 'STORE_UNAVAILABLE').about({ bucket, key, etag: head.etag });
  }
}

async function processVersion(task: Task, head: ObjectHead, pipeline: Pipeline): Promise<Outcome> {
  const { store, admission } = pipeline;
  const place = pipeline.placeOf(task.key);

  // Already done? The newest version is compared by ETag, whatever version the event spoke of.
  const seen = await readSettlement(store, place);
  const settled = settledAs(seen, head.etag);
  if (settled !== undefined) {
    await mend(store, place, seen, settled);
    await refreshOlder(store, place, seen, settled, head.lastModified);
    return { kind: 'skipped', reason: 'already done' };
  }
  // Read before the image is fetched: the fetch then tells whether all of this was about the same version.
  const before = await withStrays(store, place, seen);

  // What is to be made of it, and by what.
  checkFileSize(head.size, pipeline.limits);
  const chosen = await optionsOf(task.bucket, head, store, pipeline.options);
  const background = await findBackground(chosen, pipeline);
  const { engine, model } = await pipeline.modelFor(chosen.preset);

  // Admit by bytes, fetch, admit by pixels, cut out.
  const startedAt = performance.now();
  const releaseFile = await admission.admitFile(head.size + (background?.size ?? 0));
  try {
    const { version, bytes } = await fetchObject(task, pipeline);
    // Overwritten since we looked: the newer version may have other options, so all begins again.
    if (version.etag !== head.etag) {
      releaseFile();
      return await processObject(task, pipeline);
    }
    const output = background
      ? { ...chosen.picture, background: { kind: 'image' as const, bytes: await background.read() } }
      : chosen.picture;
    const fetchedAt = performance.now();
    const { info, result } = await cutOutAdmitted(bytes, { ...pipeline, engine, output }).catch((error) =>
      unexpected(error, version),
    );

    // Store, unless a newer version arrived meanwhile: its own event brings its own result.
    const storeFrom = performance.now();
    if (!(await isCurrent(version, store))) return { kind: 'skipped', reason: 'superseded' };
    const recordOf = async (stored: ReadonlyArray<StoredPicture<PictureFile>>): Promise<ResultRecord> => ({
      status: 'done',
      source: { ...sourceOf(version), format: info.format, width: info.width, height: info.height },
      ...(await describePictures(stored, place, pipeline)),
      options: chosen.changed,
      ...(result.subject !== undefined && { subject: result.subject }),
      verdict: describeVerdict(result.verdict),
      matte: { coverage: round(result.coverage, 4) },
      model,
      attempts: task.attempt,
      timings: roundAll({
        fetch: fetchedAt - startedAt,
        ...result.timings,
        store: performance.now() - storeFrom,
        total: performance.now() - startedAt,
      }),
      finishedAt: new Date().toISOString(),
    });
    return await announcing(pipeline.outcomes, task.trace?.traceparent(), async (announce) => {
      const made = { sourceEtag: version.etag, metadata: verdictMetadata(result.verdict) };
      const record = await publishResult(store, place, before, result.files, made, async (stored) => {
        const written = await recordOf(stored);
        await announce({ kind: 'result', record: written });
        return written;
      });
      releaseMemory(result.files.map((file) => file.bytes));
      return await confirm({ kind: 'result', record }, version, place, store);
    });
  } finally {
    releaseFile();
  }
}

async function findBackground({ backgroundImage }: ChosenOptions, { backgrounds }: Pipeline) {
  return backgroundImage === undefined ? undefined : await backgrounds.find(backgroundImage);
}

/**
 * Stores the dead letter of an object that cannot be processed: `error` says why, and which version failed. Where a
 * newer one is there by now nothing is stored: its own event brings its own outcome.
 */
export async function buryObject(task: Task, error: ClearcutError, pipeline: Pipeline): Promise<Outcome> {
  const { store } = pipeline;
  const place = pipeline.placeOf(task.key);
  // The settlement first: then it is of no newer version than the head.
  const before = await withStrays(store, place, await readSettlement(store, place));
  const head = await store.head(task.bucket, task.key);
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
  return await announcing(pipeline.outcomes, task.trace?.traceparent(), async (announce) => {
    await announce({ kind: 'dead-letter', deadLetter });
    await publishDeadLetter(store, place, before, deadLetter);
    return await confirm({ kind: 'dead-letter', deadLetter }, version, place, store);
  });
}

async function fetchObject(task: Task, pipeline: Pipeline): Promise<{ version: Version; bytes: Uint8Array }> {
  const content = await pipeline.store.get(task.bucket, task.key, { maxBytes: pipeline.limits.maxBytes });
  const bytes = await readWhole(content);
  return { version: { ...task, etag: content.head.etag, size: bytes.length }, bytes };
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

/** What the record says of the pictures: of the one that was asked for, and of the mask beside it. */
async function describePictures(
  stored: ReadonlyArray<StoredPicture<PictureFile>>,
  { bucket }: OutputPlace,
  { store, linkExpiresIn: expiresIn }: Pipeline,
): Promise<Pick<ResultRecord, 'output' | 'link' | 'mask'>> {
  const described = stored.map(async ({ kind, key, etag, contentType, size, width, height }) => {
    const { url, expiresAt } = await store.presignGet(bucket, key, { expiresIn });
    return {
      picture: { kind, bucket, key, etag, contentType, size, width, height },
      link: { url, expiresAt: expiresAt.toISOString() },
    };
  });
  const [main, beside] = await Promise.all(described);
  if (main === undefined) throw new TypeError('No picture was made.');
  const { kind: _, ...mask } = beside?.picture ?? main.picture;
  return {
    output: main.picture,
    link: main.link,
    ...(beside !== undefined && { mask: { ...mask, link: beside.link } }),
  };
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
