import { ClearcutError } from '../errors.js';
import type { PictureFormat } from '../image/options.js';
import type { ObjectHead, ObjectStore } from '../storage/object-store.js';
import { SOURCE_ETAG } from '../storage/source-etag.js';
import { type DeadLetter, deadLetterSchema, type ResultRecord, resultRecordSchema } from './result-record.js';
import { onlyOver, putDocument, readDocument, type Stored } from './settlement/documents.js';
import { type OutputPlace, type PictureKind, pictureKeys } from './settlement/place.js';

/**
 * The settlement of an object is what the output bucket says became of it: a record with the pictures it names (a
 * cut-out, a mask, or both), or a dead letter, each marked with the ETag of the input it was made from. The writes
 * below keep two promises whatever is killed or repeated between them: in the end there is exactly one of the two for
 * the newest version of the input, and an older version never takes the place of a newer one.
 */
export interface Settlement {
  readonly record: Stored<ResultRecord> | undefined;
  readonly deadLetter: Stored<DeadLetter> | undefined;
  /** The pictures there are of those that the record names; of all that there may be, once withStrays looked. */
  readonly pictures: readonly ObjectHead[];
}

export async function readSettlement(store: ObjectStore, place: OutputPlace): Promise<Settlement> {
  const [record, deadLetter] = await Promise.all([
    readDocument(store, place.bucket, place.recordKey, resultRecordSchema),
    readDocument(store, place.bucket, place.deadLetterKey, deadLetterSchema),
  ]);
  const pictures = await headAll(store, place.bucket, keysOf(record?.content));
  return { record, deadLetter, pictures };
}

/**
 * The settlement with every picture that lies at any key of the input: a kill leaves some that no record names, in
 * whatever format was asked for then. It takes a request for each, so only who is about to write asks for it.
 */
export async function withStrays(
  store: ObjectStore,
  place: OutputPlace,
  settlement: Settlement,
): Promise<Settlement> {
  const known = new Set(keysOf(settlement.record?.content));
  const others = pictureKeys(place).filter((key) => !known.has(key));
  const strays = await headAll(store, place.bucket, others);
  return { ...settlement, pictures: [...settlement.pictures, ...strays] };
}

/** The dead letter with this key; undefined where there is none, or what is there is not ours. */
export async function readDeadLetter(
  store: ObjectStore,
  bucket: string,
  key: string,
): Promise<DeadLetter | undefined> {
  return (await readDocument(store, bucket, key, deadLetterSchema))?.content;
}

/** The picture of this kind that the record names; undefined where it names none, or that is gone. */
export function recordedPicture({ record, pictures }: Settlement, kind: PictureKind): ObjectHead | undefined {
  const { output, mask } = record?.content ?? {};
  const named = output?.kind === kind ? output : kind === 'mask' ? mask : undefined;
  return pictures.find(({ key }) => key === named?.key);
}

/** Whether every picture that the record names is there. */
export function hasPictures({ record, pictures }: Settlement): boolean {
  return keysOf(record?.content).every((named) => pictures.some(({ key }) => key === named));
}

/** Which outcome, if any, this version of the input already has. */
export function settledAs(settlement: Settlement, sourceEtag: string): 'result' | 'dead-letter' | undefined {
  const { record, deadLetter, pictures } = settlement;
  const isThere = (wanted: string) =>
    pictures.some(({ key, metadata }) => key === wanted && metadata[SOURCE_ETAG] === sourceEtag);
  if (record?.content?.source.etag === sourceEtag && keysOf(record.content).every(isThere)) return 'result';
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
  await putDocument(store, place.bucket, key, stored.content, stored.etag);
}

/** A picture ready to be stored. */
export interface NewPicture {
  readonly kind: PictureKind;
  readonly format: PictureFormat;
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** What pictures are made of. */
export interface PicturesSource {
  readonly sourceEtag: string;
  /** User metadata that the pictures carry beside the ETag of their source. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A picture that was stored, with what the store says of it. */
export type StoredPicture<Picture extends NewPicture> = Picture & Pick<ObjectHead, 'key' | 'etag' | 'size'>;

/**
 * Stores the pictures, takes away those that they take the place of, then stores the record. `before` was read by
 * withStrays; `recordOf` is given the stored pictures, in their order. Throws PRECONDITION_FAILED where somebody
 * settled the object since `before` was read.
 */
export async function publishResult<Picture extends NewPicture>(
  store: ObjectStore,
  place: OutputPlace,
  before: Settlement,
  pictures: readonly Picture[],
  { sourceEtag, metadata }: PicturesSource,
  recordOf: (stored: ReadonlyArray<StoredPicture<Picture>>) => Promise<ResultRecord>,
): Promise<ResultRecord> {
  const stored: Array<StoredPicture<Picture>> = [];
  try {
    for (const picture of pictures) {
      const key = place.pictureKey(picture.kind, picture.format);
      const replaced = before.pictures.find((earlier) => earlier.key === key);
      const { etag, size } = await store.put(place.bucket, key, picture.bytes, {
        contentType: picture.contentType,
        metadata: { ...metadata, [SOURCE_ETAG]: sourceEtag },
        ...onlyOver(replaced?.etag),
      });
      stored.push({ ...picture, key, etag, size });
    }
    // Before the record: once it is there, nobody looks for pictures that it does not name.
    for (const picture of before.pictures) {
      if (stored.every(({ key }) => key !== picture.key)) await deleteUnchanged(store, place.bucket, picture);
    }
    const record = await recordOf(stored);
    await putDocument(store, place.bucket, place.recordKey, record, before.record?.etag);
    await removeOther(store, place, before, 'result');
    return record;
  } catch (error) {
    if (error instanceof ClearcutError && error.code === 'PRECONDITION_FAILED')
      await removeUnnamed(store, place, stored);
    throw error;
  }
}

/** Takes back pictures beside which somebody else has put a record that does not name them. */
async function removeUnnamed(
  store: ObjectStore,
  place: OutputPlace,
  stored: readonly WhatIsThere[],
): Promise<void> {
  const record = await readDocument(store, place.bucket, place.recordKey, resultRecordSchema);
  const named = keysOf(record?.content);
  for (const picture of stored) {
    if (!named.includes(picture.key)) await deleteUnchanged(store, place.bucket, picture);
  }
}

/**
 * Stores the dead letter, then takes away what an earlier version left behind. `before` was read by withStrays. Throws
 * as publishResult does.
 */
export async function publishDeadLetter(
  store: ObjectStore,
  place: OutputPlace,
  before: Settlement,
  deadLetter: DeadLetter,
): Promise<void> {
  await putDocument(store, place.bucket, place.deadLetterKey, deadLetter, before.deadLetter?.etag);
  await removeOther(store, place, before, 'dead-letter');
}

/** Removes the outcome that `kept` excludes. */
async function removeOther(
  store: ObjectStore,
  place: OutputPlace,
  { record, deadLetter, pictures }: Settlement,
  kept: 'result' | 'dead-letter',
): Promise<void> {
  if (kept === 'result') {
    if (deadLetter !== undefined) await store.delete(place.bucket, place.deadLetterKey);
    return;
  }
  // The record goes last: it is what a sweep sees.
  for (const picture of pictures) await deleteUnchanged(store, place.bucket, picture);
  if (record !== undefined) await store.delete(place.bucket, place.recordKey);
}

/** Removes what a kill left beside the outcome that the object has. */
export async function mend(
  store: ObjectStore,
  place: OutputPlace,
  settlement: Settlement,
  settled: 'result' | 'dead-letter',
): Promise<void> {
  const isResult = settled === 'result';
  await removeOther(
    store,
    place,
    isResult ? settlement : await withStrays(store, place, settlement),
    settled,
  );
}

/** Removes everything that the settlement holds. */
export async function removeSettlement(store: ObjectStore, place: OutputPlace): Promise<boolean> {
  const settlement = await withStrays(store, place, await readSettlement(store, place));
  const { record, deadLetter, pictures } = settlement;
  if ((pictures[0] ?? record ?? deadLetter) === undefined) return false;
  await removeOther(store, place, settlement, 'dead-letter');
  await removeOther(store, place, settlement, 'result');
  return true;
}

/** Takes back an outcome of this version that was published while a newer version arrived. */
export async function withdraw(store: ObjectStore, place: OutputPlace, sourceEtag: string): Promise<void> {
  const now = await withStrays(store, place, await readSettlement(store, place));
  for (const picture of now.pictures) {
    if (picture.metadata[SOURCE_ETAG] === sourceEtag) await deleteUnchanged(store, place.bucket, picture);
  }
  if (now.record?.content?.source.etag === sourceEtag) await store.delete(place.bucket, place.recordKey);
  if (now.deadLetter?.content?.source.etag === sourceEtag)
    await store.delete(place.bucket, place.deadLetterKey);
}

/** Keys of the pictures that the record names. */
function keysOf(record: ResultRecord | undefined): string[] {
  if (record === undefined) return [];
  return record.mask === undefined ? [record.output.key] : [record.output.key, record.mask.key];
}

async function headAll(store: ObjectStore, bucket: string, keys: readonly string[]): Promise<ObjectHead[]> {
  const heads = await Promise.all(keys.map((key) => store.head(bucket, key)));
  return heads.filter((head) => head !== undefined);
}

type WhatIsThere = Pick<ObjectHead, 'key' | 'etag'>;

/** Another writer may have put a picture of a newer version there since. */
async function deleteUnchanged(
  store: ObjectStore,
  bucket: string,
  { key, etag }: WhatIsThere,
): Promise<void> {
  if ((await store.head(bucket, key))?.etag === etag) await store.delete(bucket, key);
}
