import { ClearcutError } from '../errors.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { DeadLetter } from './result-record.js';
import type { OutputPlace } from './settlement/place.js';
import { readDeadLetter } from './settlement.js';

/** Where dead letters lie, and whose they are. */
export interface DeadLetterArea {
  readonly store: ObjectStore;
  readonly inputBucket: string;
  readonly outputBucket: string;
  /** Folder of the dead letters in the output bucket. */
  readonly prefix: string;
  readonly placeOf: (inputKey: string) => OutputPlace;
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** Where the next page begins; undefined after the last one. */
  readonly next: string | undefined;
}

export interface Redriven {
  /** Of the input; of the dead letter where it is not ours. */
  readonly key: string;
  /** `gone`: the input does not exist any more, so only its dead letter was removed. */
  readonly status: 'redriven' | 'gone' | 'not dead' | 'not ours';
  /** Why it was dead. */
  readonly code?: string;
}

/** Key of a dead letter, and of the input where it was asked for by that. */
interface Letter {
  readonly key: string;
  readonly inputKey?: string;
}

/** Dead letters that are read at once. */
const READS = 16;

/**
 * The dead letters of at most `limit` keys, in the order of their keys; what lies among them and is none is passed
 * over. `cursor`: the `next` of the page before. Throws REQUEST_INVALID for a cursor that is none.
 */
export async function listDeadLetters(
  area: DeadLetterArea,
  limit: number,
  cursor?: string,
): Promise<DeadLetterPage> {
  const { store, outputBucket, prefix } = area;
  const keys: string[] = [];
  let next: string | undefined;
  const startAfter = cursor === undefined ? undefined : keyOfCursor(cursor, prefix);
  for await (const { key } of store.list(outputBucket, { prefix, ...(startAfter && { startAfter }) })) {
    if (keys.length === limit) {
      next = cursorOf(keys.at(-1) ?? '', prefix);
      break;
    }
    keys.push(key);
  }
  const letters: DeadLetter[] = [];
  for (let at = 0; at < keys.length; at += READS) {
    const read = await Promise.all(keys.slice(at, at + READS).map((key) => readOurs({ key }, area)));
    letters.push(...read.filter((letter) => letter !== undefined));
  }
  return { letters, next };
}

/** Removes every dead letter there is; see redrive. */
export async function* redriveAll(area: DeadLetterArea, isDryRun = false): AsyncGenerator<Redriven> {
  const { store, outputBucket, prefix } = area;
  for await (const { key } of store.list(outputBucket, { prefix })) yield redrive({ key }, area, isDryRun);
}

/** Removes the dead letters of these inputs; see redrive. */
export async function* redriveKeys(
  area: DeadLetterArea,
  inputKeys: readonly string[],
  isDryRun = false,
): AsyncGenerator<Redriven> {
  for (const inputKey of new Set(inputKeys)) {
    yield redrive({ key: area.placeOf(inputKey).deadLetterKey, inputKey }, area, isDryRun);
  }
}

/**
 * Removes one dead letter. The sweep finds an object that has neither record nor dead letter, and so does whatever
 * event comes: nothing else has to be told.
 */
async function redrive(letter: Letter, area: DeadLetterArea, isDryRun: boolean): Promise<Redriven> {
  const { store, inputBucket, outputBucket } = area;
  const { key, inputKey } = letter;
  const content = await readDeadLetter(store, outputBucket, key);
  if (content === undefined) {
    return inputKey === undefined ? { key, status: 'not ours' } : { key: inputKey, status: 'not dead' };
  }
  const source = inputKey ?? content.source.key;
  if (!isOurs(key, source, area)) return { key, status: 'not ours' };
  const exists = (await store.head(inputBucket, source)) !== undefined;
  if (!isDryRun) await store.delete(outputBucket, key);
  return { key: source, status: exists ? 'redriven' : 'gone', code: content.error.code };
}

async function readOurs({ key }: Letter, area: DeadLetterArea): Promise<DeadLetter | undefined> {
  const content = await readDeadLetter(area.store, area.outputBucket, key);
  return content !== undefined && isOurs(key, content.source.key, area) ? content : undefined;
}

/** Else it is a file that somebody put there, or one of a service with other folders. */
function isOurs(key: string, inputKey: string, { placeOf }: DeadLetterArea): boolean {
  return placeOf(inputKey).deadLetterKey === key;
}

function cursorOf(key: string, prefix: string): string {
  return Buffer.from(key.slice(prefix.length)).toString('base64url');
}

function keyOfCursor(cursor: string, prefix: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const name = bytes.toString();
  if (name !== '' && cursorOf(prefix + name, prefix) === cursor) return prefix + name;
  throw new ClearcutError('REQUEST_INVALID', 'The cursor is none that a page of dead letters ended with.');
}
