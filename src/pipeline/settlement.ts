import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { ClearcutError } from '../errors.js';
import type { ObjectHead, ObjectStore, PutOptions } from '../storage/object-store.js';
import { SOURCE_ETAG } from '../storage/source-etag.js';
import { type DeadLetter, deadLetterSchema, type ResultRecord, resultRecordSchema } from './result-record.js';

/**
 * The settlement of an object is what the output bucket says became of it: a cut-out with its record, or a dead
 * letter, each marked with the ETag of the input it was made from. The writes below keep two promises whatever is
 * killed or repeated between them: in the end there is exactly one of the two for the newest version of the input,
 * and an older version never takes the place of a newer one.
 */

/** Where the settlement of one input lies. */
export interface OutputPlace {
  readonly bucket: string;
  /** Key of the cut-out in the format configured now; an earlier record may name another. */
  readonly cutoutKey: string;
  readonly recordKey: string;
  readonly deadLetterKey: string;
}

/** One document as it was read, with the ETag that a conditional write needs. */
interface Stored<Content> {
  readonly etag: string;
  readonly lastModified: Date;
  /** Undefined where the document is not ours or of an older layout: then it settles nothing and is written over. */
  readonly content: Content | undefined;
}

export interface Settlement {
  /** The cut-out in the format configured now. */
  readonly cutout: ObjectHead | undefined;
  /** The cut-out that the record names, where that is one in another format. */
  readonly formerCutout: ObjectHead | undefined;
  readonly record: Stored<ResultRecord> | undefined;
  readonly deadLetter: Stored<DeadLetter> | undefined;
}

/** The largest record or dead letter that we write, with room to spare. */
const MAX_DOCUMENT_BYTES = 256 * 1024;

export async function readSettlement(store: ObjectStore, place: OutputPlace): Promise<Settlement> {
  const [record, deadLetter] = await Promise.all([
    readDocument(store, place.bucket, place.recordKey, resultRecordSchema),
    readDocument(store, place.bucket, place.deadLetterKey, deadLetterSchema),
  ]);
  const recordedKey = record?.content?.output.key ?? place.cutoutKey;
  const [cutout, formerCutout] = await Promise.all([
    store.head(place.bucket, place.cutoutKey),
    recordedKey === place.cutoutKey ? undefined : store.head(place.bucket, recordedKey),
  ]);
  return { cutout, formerCutout, record, deadLetter };
}

/** The dead letter with this key; undefined where there is none, or what is there is not ours. */
export async function readDeadLetter(
  store: ObjectStore,
  bucket: string,
  key: string,
): Promise<DeadLetter | undefined> {
  return (await readDocument(store, bucket, key, deadLetterSchema))?.content;
}

/** The cut-out of the settlement, in whatever format it is. */
export function recordedCutout({ cutout, formerCutout }: Settlement): ObjectHead | undefined {
  return formerCutout ?? cutout;
}

/** Which outcome, if any, this version of the input already has. */
export function settledAs(settlement: Settlement, sourceEtag: string): 'result' | 'dead-letter' | undefined {
  const { record, deadLetter } = settlement;
  const hasRecord = record?.content?.source.etag === sourceEtag;
  if (hasRecord && recordedCutout(settlement)?.metadata[SOURCE_ETAG] === sourceEtag) return 'result';
  return deadLetter?.content?.source.etag === sourceEtag ? 'dead-letter' : undefined;
}

/** Milliseconds after which an object's events are news no more: who still hands it out is a sweep. */
const REFRESH_AGE = 30_000;

/**
 * Writes the document of a settled object again where it does not look newer than its input: a sweep, which goes by
 * times alone, would hand such an object out for ever. It happens when somebody touches the files of a directory, and
 * on servers that tell whole seconds.
 */
export async function refreshOlder(
  store: ObjectStore,
  place: OutputPlace,
  settlement: Settlement,
  settled: 'result' | 'dead-letter',
  inputModified: Date,
): Promise<void> {
  const { record, deadLetter } = settlement;
  const [key, stored] = settled === 'result' ? [place.recordKey, record] : [place.deadLetterKey, deadLetter];
  if (stored?.content === undefined || stored.lastModified > inputModified) return;
  // Events that are told again and again right after an upload must not cause a write each.
  if (Date.now() - inputModified.getTime() < REFRESH_AGE) return;
  await putDocument(store, place.bucket, key, stored.content, stored.content.source.etag, stored.etag);
}

/** A cut-out ready to be stored. */
export interface Cutout {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/**
 * Stores the cut-out, then its record, then takes away what an earlier version left behind. `recordOf` is given
 * the stored cut-out. Throws PRECONDITION_FAILED where somebody settled the object since `before` was read.
 */
export async function publishResult(
  store: ObjectStore,
  place: OutputPlace,
  before: Settlement,
  cutout: Cutout,
  sourceEtag: string,
  recordOf: (stored: ObjectHead) => Promise<ResultRecord>,
): Promise<ResultRecord> {
  const metadata = { [SOURCE_ETAG]: sourceEtag };
  const stored = await store.put(place.bucket, place.cutoutKey, cutout.bytes, {
    contentType: cutout.contentType,
    metadata,
    ...onlyOver(before.cutout?.etag),
  });
  // Before the record, which is the only thing that knows its key.
  if (before.formerCutout !== undefined) await store.delete(place.bucket, before.formerCutout.key);
  const record = await recordOf(stored);
  await putDocument(store, place.bucket, place.recordKey, record, sourceEtag, before.record?.etag);
  await removeOther(store, place, before, 'result');
  return record;
}

/** Stores the dead letter, then takes away what an earlier version left behind. Throws as publishResult does. */
export async function publishDeadLetter(
  store: ObjectStore,
  place: OutputPlace,
  before: Settlement,
  deadLetter: DeadLetter,
): Promise<void> {
  const { etag } = deadLetter.source;
  await putDocument(store, place.bucket, place.deadLetterKey, deadLetter, etag, before.deadLetter?.etag);
  await removeOther(store, place, before, 'dead-letter');
}

/** Removes the outcome that `kept` excludes; also mends what a kill between two writes left. */
export async function removeOther(
  store: ObjectStore,
  place: OutputPlace,
  settlement: Settlement,
  kept: 'result' | 'dead-letter',
): Promise<void> {
  const { cutout, formerCutout, record, deadLetter } = settlement;
  if (kept === 'result') {
    if (deadLetter !== undefined) await store.delete(place.bucket, place.deadLetterKey);
    return;
  }
  // The record goes last: it is what a sweep sees, and what knows the key of a former cut-out.
  for (const picture of [cutout, formerCutout]) {
    if (picture !== undefined) await store.delete(place.bucket, picture.key);
  }
  if (record !== undefined) await store.delete(place.bucket, place.recordKey);
}

/**
 * Removes everything that the settlement holds, as far as this place knows of it. `announce` is told before of the
 * version that the outcome was made from, if there is a whole one.
 */
export async function removeSettlement(
  store: ObjectStore,
  place: OutputPlace,
  announce: (sourceEtag: string) => Promise<void>,
): Promise<boolean> {
  const settlement = await readSettlement(store, place);
  const { cutout, record, deadLetter } = settlement;
  if ((cutout ?? record ?? deadLetter) === undefined) return false;
  const sourceEtag = (record ?? deadLetter)?.content?.source.etag;
  if (sourceEtag !== undefined) await announce(sourceEtag);
  await removeOther(store, place, settlement, 'dead-letter');
  await removeOther(store, place, settlement, 'result');
  return true;
}

/** Takes back an outcome of this version that was published while a newer version arrived. */
export async function withdraw(store: ObjectStore, place: OutputPlace, sourceEtag: string): Promise<void> {
  const now = await readSettlement(store, place);
  for (const picture of [now.cutout, now.formerCutout]) {
    if (picture?.metadata[SOURCE_ETAG] === sourceEtag) await store.delete(place.bucket, picture.key);
  }
  if (now.record?.content?.source.etag === sourceEtag) await store.delete(place.bucket, place.recordKey);
  if (now.deadLetter?.content?.source.etag === sourceEtag)
    await store.delete(place.bucket, place.deadLetterKey);
}

async function putDocument(
  store: ObjectStore,
  bucket: string,
  key: string,
  document: ResultRecord | DeadLetter,
  sourceEtag: string,
  replaced: string | undefined,
): Promise<void> {
  await store.put(bucket, key, Buffer.from(`${JSON.stringify(document, null, 2)}\n`), {
    contentType: 'application/json',
    metadata: { [SOURCE_ETAG]: sourceEtag },
    ...onlyOver(replaced),
  });
}

/** The condition that the object is still the one that was read before (or that there still is none). */
function onlyOver(etag: string | undefined): PutOptions {
  return etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
}

async function readDocument<Schema extends z.ZodType>(
  store: ObjectStore,
  bucket: string,
  key: string,
  schema: Schema,
): Promise<Stored<z.infer<Schema>> | undefined> {
  try {
    const { head, body } = await store.get(bucket, key, { maxBytes: MAX_DOCUMENT_BYTES });
    return {
      etag: head.etag,
      lastModified: head.lastModified,
      content: schema.safeParse(parseJson(await text(body))).data,
    };
  } catch (error) {
    if (error instanceof ClearcutError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
