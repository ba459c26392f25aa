import { compareKeys } from '../../storage/key-order.js';
import type { ObjectStore, ObjectSummary } from '../../storage/object-store.js';
import { createListingCursor, type ListingCursor } from './listing-cursor.js';
import { type Doubt, ofOtherVersion } from './of-other-version.js';

export interface FindUnsettledOptions {
  readonly store: ObjectStore;
  readonly input: { readonly bucket: string; readonly prefix: string };
  /** Where the outcome of an input is stored; the bucket is the same for all. */
  readonly placeOf: (inputKey: string) => SettlementPlace;
  readonly accepts: (inputKey: string) => boolean;
  /**
   * Where an outcome is newer than its input by less than these milliseconds, ETags decide whether it belongs to this
   * version of the input. Default: 0, the times decide.
   */
  readonly doubtMs?: number;
  /** Inputs compared at once. Default: 1,000, a page of S3. */
  readonly windowSize?: number;
}

interface SettlementPlace {
  readonly bucket: string;
  readonly recordKey: string;
  readonly deadLetterKey: string;
}

export interface SweptWindow {
  /** Inputs in the window that are ours to process. */
  readonly listed: number;
  /** Those of them whose outcome is missing, or may be. */
  readonly unsettled: readonly ObjectSummary[];
}

/** Outcomes remembered for inputs still to come, in windows: records are listed in nearly the order of the inputs. */
const WINDOWS_REMEMBERED = 4;

/**
 * Lists the inputs against their result records and dead letters: a merge join of three listings that holds a few
 * windows in memory, whatever the number of objects. An input counts as settled when exactly one of the two exists
 * and is newer than the input (and, within `doubtMs`, names its ETag); all else is unsettled, also what only may be:
 * an outcome of the same moment (of the same second, on most S3), record and dead letter side by side, which a
 * process killed between two writes leaves, or an ETag that cannot be read. Whoever processes the input compares
 * ETags and mends that.
 */
export async function* findUnsettled(
  options: FindUnsettledOptions,
): AsyncGenerator<SweptWindow, void, undefined> {
  let cursors: Cursors | undefined;
  try {
    for await (const inputs of windowsOf(options)) {
      cursors ??= openCursors(inputs, options);
      yield { listed: inputs.length, unsettled: await unsettledOf(inputs, cursors, options) };
    }
  } finally {
    await Promise.all([cursors?.records.close(), cursors?.deadLetters.close()]);
  }
}

interface Cursors {
  readonly records: ListingCursor;
  readonly deadLetters: ListingCursor;
}

async function* windowsOf({ store, input, accepts, windowSize = 1_000 }: FindUnsettledOptions) {
  let window: ObjectSummary[] = [];
  for await (const object of store.list(input.bucket, { prefix: input.prefix })) {
    if (!accepts(object.key)) continue;
    window.push(object);
    if (window.length < windowSize) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

function openCursors(
  inputs: readonly ObjectSummary[],
  { store, placeOf, windowSize = 1_000 }: FindUnsettledOptions,
): Cursors {
  const places = inputs.map(({ key }) => placeOf(key));
  const bucket = places[0]?.bucket ?? '';
  const remember = WINDOWS_REMEMBERED * windowSize;
  const open = (keys: string[]) =>
    createListingCursor({ store, bucket, startAfter: justBefore(extremeOf(keys, -1)), remember });
  return {
    records: open(places.map(({ recordKey }) => recordKey)),
    deadLetters: open(places.map(({ deadLetterKey }) => deadLetterKey)),
  };
}

async function unsettledOf(
  inputs: readonly ObjectSummary[],
  { records, deadLetters }: Cursors,
  { store, input: { bucket }, placeOf, doubtMs = 0 }: FindUnsettledOptions,
): Promise<ObjectSummary[]> {
  const pairs = inputs.map((input) => ({ input, place: placeOf(input.key) }));
  const last = (keys: string[]) => extremeOf(keys, 1);
  await Promise.all([
    records.readTo(last(pairs.map(({ place }) => place.recordKey))),
    deadLetters.readTo(last(pairs.map(({ place }) => place.deadLetterKey))),
  ]);
  const unsettled: ObjectSummary[] = [];
  const doubts: Doubt[] = [];
  for (const { input, place } of pairs) {
    const found = await Promise.all([
      lookUp(records, store, place.bucket, place.recordKey),
      lookUp(deadLetters, store, place.bucket, place.deadLetterKey),
    ]);
    const [outcome, other] = found.filter((object) => object !== undefined);
    const newerBy = (outcome?.lastModified.getTime() ?? 0) - input.lastModified.getTime();
    if (outcome === undefined || other !== undefined || newerBy <= 0) unsettled.push(input);
    else if (newerBy < doubtMs) doubts.push({ input, outcome: { bucket: place.bucket, key: outcome.key } });
  }
  return [...unsettled, ...(await ofOtherVersion(doubts, store, bucket))];
}

async function lookUp(cursor: ListingCursor, store: ObjectStore, bucket: string, key: string) {
  const found = cursor.take(key);
  return found === 'unknown' ? store.head(bucket, key) : found;
}

/** The first (-1) or last (1) of the keys in the order of listings. */
function extremeOf(keys: readonly string[], direction: -1 | 1): string {
  return keys.reduce((extreme, key) => (compareKeys(key, extreme) * direction > 0 ? key : extreme));
}

/** A text that sorts before the key: the key without its last character. */
function justBefore(key: string): string {
  return [...key].slice(0, -1).join('');
}
