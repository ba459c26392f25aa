import { buffer } from 'node:stream/consumers';
import { expect, type TestContext } from 'vitest';
import type { ErrorCode } from '../../../src/errors.js';
import type {
  ListOptions,
  ObjectHead,
  ObjectStore,
  ObjectSummary,
  PutOptions,
} from '../../../src/storage/object-store.js';

/** What not every kind of store can do. */
export type Capability =
  | 'ifMatch'
  /** `a` and `a/b` are objects at the same time. */
  | 'key inside a key'
  /** An upload link limits the size of what is uploaded. */
  | 'maxBytes of upload links'
  /** An upload link fixes the content type of what is uploaded. */
  | 'contentType of upload links'
  /** The server refuses links that were changed or have expired. */
  | 'checked links';

/** Capabilities that a store does not have, each with the reason. */
export type Lacks = Readonly<Partial<Record<Capability, string>>>;

/** The store under test, and shorthands that take names under the prefix of the test that runs. */
export interface StoreTest {
  readonly store: () => ObjectStore;
  readonly bucket: () => string;
  readonly prefix: () => string;
  /** The whole key. */
  readonly key: (name: string) => string;
  readonly put: (name: string, text?: string, options?: PutOptions) => Promise<ObjectHead>;
  readonly head: (name: string) => Promise<ObjectHead | undefined>;
  readonly tags: (name: string) => Promise<Readonly<Record<string, string>>>;
  readonly read: (name: string) => Promise<string>;
  readonly readBytes: (name: string) => Promise<Buffer>;
  /** Whole keys, prefix included. */
  readonly keysOf: (options: ListOptions) => Promise<string[]>;
  readonly withoutPrefix: (whole: string) => string;
  /** Skips the test, with the reason, where the store lacks the capability. */
  readonly needs: (context: TestContext, capability: Capability) => void;
}

export function createStoreTest(
  current: () => { readonly store: ObjectStore; readonly bucket: string; readonly prefix: string },
  lacks: Lacks,
): StoreTest {
  const store = () => current().store;
  const bucket = () => current().bucket;
  const prefix = () => current().prefix;
  const key = (name: string) => prefix() + name;
  const readBytes = async (name: string) => buffer((await store().get(bucket(), key(name))).body);
  return {
    store,
    bucket,
    prefix,
    key,
    put: (name, text = name, options = {}) => store().put(bucket(), key(name), Buffer.from(text), options),
    head: (name) => store().head(bucket(), key(name)),
    tags: (name) => store().tags(bucket(), key(name)),
    read: async (name) => (await readBytes(name)).toString(),
    readBytes,
    keysOf: async (options) => (await collect(store().list(bucket(), options))).map((summary) => summary.key),
    withoutPrefix: (whole) => whole.slice(prefix().length),
    needs: (context, capability) => {
      const reason = lacks[capability];
      if (reason !== undefined) context.skip(reason);
    },
  };
}

export const ODD_KEYS = [
  'with space.png',
  'a+b.png',
  'per%cent.png',
  'enc%2Foded.png',
  'double%252Fencoded.png',
  'hash#tag.png',
  'question?mark=1&x=2.png',
  'quote\'s and "quotes".png',
  "brackets (1) [2] {3}!*'.png",
  'semi;colon,comma=equals@at$dollar.png',
  'Füße/Größe ÄÖÜ.png',
  'decomposed-u\u0308.png',
  '漢字/日本語.png',
  '👩‍👩‍👧‍👦/🦊.png',
  'U+FF61 ｡.png',
  '.hidden/.file',
  '~tilde/-dash',
];

/** Four segments of 250, 250, 250 and 147 bytes: with the slashes 900, close to what file systems can name. */
export const LONG_KEY = `${'l'.repeat(250)}/${'ö'.repeat(125)}/${'n'.repeat(250)}/${'g'.repeat(147)}`;

/** Names for the report, and keys. */
export const LABELLED_KEYS = [
  ...ODD_KEYS.map((key) => [key, key] as const),
  ['a key of 900 bytes', LONG_KEY] as const,
];

export async function collect(listing: AsyncIterable<ObjectSummary>): Promise<ObjectSummary[]> {
  const summaries: ObjectSummary[] = [];
  for await (const summary of listing) summaries.push(summary);
  return summaries;
}

export async function expectCode(pending: Promise<unknown>, code: ErrorCode): Promise<void> {
  await expect(pending).rejects.toMatchObject({ name: 'ClearcutError', code });
}
