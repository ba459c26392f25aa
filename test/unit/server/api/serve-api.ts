import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { createAreas } from '../../../../src/batches/areas.js';
import { apiTokenList } from '../../../../src/config/values.js';
import { chooseOptions } from '../../../../src/options/choose.js';
import { createLayer } from '../../../../src/options/layers.js';
import { createOutcomeNotices } from '../../../../src/pipeline/outcome-notices.js';
import type { DeadLetter, ResultRecord } from '../../../../src/pipeline/result-record.js';
import {
  publishDeadLetter,
  publishResult,
  readSettlement,
  withStrays,
} from '../../../../src/pipeline/settlement.js';
import type { ApiAccess, ApiContext } from '../../../../src/server/api/context.js';
import { createLinkSigner } from '../../../../src/server/links.js';
import { startServer } from '../../../../src/server/server.js';
import { createDirectoryStore } from '../../../../src/storage/directory/store.js';
import type { ObjectStore } from '../../../../src/storage/object-store.js';
import { INPUT, OUTPUT, placeOf } from '../../../support/pipeline.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

export interface ServedApi {
  readonly url: string;
  readonly store: ObjectStore;
  readonly context: ApiContext;
  /** Keys that the service was told of. */
  readonly nudged: string[];
  /** Closes the server, which the end of the test does too. */
  close(): Promise<void>;
  /** A call below `/v1`. */
  call(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

export interface ServeApiOptions {
  readonly root?: string;
  /** As in CLEARCUT_API_TOKENS. */
  readonly tokens?: string;
  readonly access?: Partial<ApiAccess>;
  readonly context?: Partial<ApiContext>;
  /** What goes between the API and its store. */
  readonly through?: (store: ObjectStore) => ObjectStore;
}

/** The API on a real directory store and a real server; closed after the test. */
export async function serveApi(options: ServeApiOptions = {}): Promise<ServedApi> {
  const root = options.root ?? (await temporaryFolder());
  let url = '';
  const signer = createLinkSigner({ secret: Buffer.alloc(32, 7), publicUrl: () => url });
  const store = await createDirectoryStore({ root, links: signer });
  await store.ensureBucket(INPUT);
  await store.ensureBucket(OUTPUT);
  const notices = createOutcomeNotices();
  const nudged: string[] = [];
  const logger = pino({ level: 'silent' });
  const context: ApiContext = {
    store: options.through?.(store) ?? store,
    inputBucket: INPUT,
    outputBucket: OUTPUT,
    areas: createAreas('', 'api/'),
    placeOf,
    accepts: (bucket, key) => bucket === INPUT && !key.endsWith('.tmp'),
    chooseOptions: (_key, layer) => chooseOptions([createLayer({}, (name) => name), layer]),
    linkExpiresIn: 600,
    maxBytes: 1_000_000,
    limitsUploads: true,
    notices,
    deadLetters: {
      store,
      inputBucket: INPUT,
      outputBucket: OUTPUT,
      prefix: 'dead-letters/',
      placeOf,
    },
    nudge: (key) => void nudged.push(key),
    logger,
    ...options.context,
  };
  const server = await startServer({
    store,
    signer,
    host: '127.0.0.1',
    port: 0,
    logger,
    maxUploadBytes: context.maxBytes,
    ready: () => ({ ok: true }),
    api: {
      context,
      access: {
        tokens: apiTokenList().parse(options.tokens ?? ''),
        corsOrigins: [],
        rateLimit: 0,
        ...options.access,
      },
    },
  });
  onTestFinished(() => server.close());
  url = server.url;
  const call = (path: string, init?: RequestInit) => fetch(`${url}/v1${path}`, init);
  return {
    url,
    store,
    context,
    close: server.close,
    nudged,
    call,
    post: (path, body, headers = {}) =>
      call(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  };
}

export async function problemIn(response: Response, status: number) {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return (await response.json()) as {
    code: string;
    detail: string;
    remedy: string;
    errors?: Array<{ path: string; message: string }>;
  };
}

/** Settles the input as the pipeline does: a result of a few bytes. */
export async function settleAsResult(store: ObjectStore, key: string): Promise<void> {
  const place = placeOf(key);
  const head = await store.head(INPUT, key);
  if (head === undefined) throw new Error(`${key} is not there`);
  const before = await withStrays(store, place, await readSettlement(store, place));
  const source = { bucket: INPUT, key, etag: head.etag, size: head.size };
  const picture = {
    kind: 'cutout' as const,
    format: 'png' as const,
    bytes: Buffer.from(`cut-out of ${head.etag}`),
    contentType: 'image/png',
  };
  await publishResult(
    store,
    place,
    before,
    [picture],
    { sourceEtag: head.etag, metadata: {} },
    async (stored) => {
      const [output] = stored;
      if (output === undefined) throw new Error('no picture was stored');
      const link = { url: 'http://localhost/', expiresAt: new Date().toISOString() };
      const record: ResultRecord = {
        status: 'done',
        source: { ...source, format: 'png', width: 40, height: 30 },
        output: {
          kind: 'cutout',
          bucket: OUTPUT,
          key: output.key,
          etag: output.etag,
          contentType: 'image/png',
          size: output.size,
          width: 40,
          height: 30,
        },
        link,
        subject: { left: 1, top: 2, width: 30, height: 20 },
        options: {},
        verdict: {
          subject: true,
          confidence: 0.9,
          share: 0.4,
          box: { left: 1, top: 2, width: 30, height: 20 },
        },
        matte: { coverage: 0.4 },
        model: { id: 'tiny', variant: 'fp32', side: 64, device: 'cpu' },
        attempts: 1,
        timings: { total: 1 },
        finishedAt: new Date().toISOString(),
      };
      return record;
    },
  );
}

/** Settles the input as the pipeline does: a dead letter. */
export async function settleAsDead(store: ObjectStore, key: string): Promise<void> {
  const place = placeOf(key);
  const head = await store.head(INPUT, key);
  if (head === undefined) throw new Error(`${key} is not there`);
  const before = await withStrays(store, place, await readSettlement(store, place));
  const deadLetter: DeadLetter = {
    status: 'dead',
    source: { bucket: INPUT, key, etag: head.etag, size: head.size },
    error: { code: 'IMAGE_CORRUPT', message: 'It is damaged.', remedy: 'Upload it again.' },
    attempts: 1,
    finishedAt: new Date().toISOString(),
  };
  await publishDeadLetter(store, place, before, deadLetter);
}
