import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import type { z } from 'zod';
import { createAreas } from '../../../../src/batches/areas.js';
import { apiTokenList } from '../../../../src/config/values.js';
import { tryToChoose } from '../../../../src/options/choose.js';
import type { DeadLetter, ResultRecord } from '../../../../src/pipeline/result-record.js';
import {
  publishDeadLetter,
  publishResult,
  readSettlement,
  withStrays,
} from '../../../../src/pipeline/settlement.js';
import type { ApiAccess, ApiContext } from '../../../../src/server/api/context.js';
import { type Api, createApi } from '../../../../src/server/api/register.js';
import { batchSchema } from '../../../../src/server/api/schemas.js';
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
  readonly api: Api;
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
  const nudged: string[] = [];
  const logger = pino({ level: 'silent' });
  const context: ApiContext = {
    store: options.through?.(store) ?? store,
    inputBucket: INPUT,
    outputBucket: OUTPUT,
    areas: createAreas('', 'api/'),
    placeOf,
    accepts: (bucket, key) => bucket === INPUT && !key.endsWith('.tmp'),
    optionProblems: (_key, layer) => {
      const choice = tryToChoose([layer]);
      return 'problems' in choice ? choice.problems : [];
    },
    watching: { minPauseMs: 20, maxPauseMs: 40 },
    linkExpiresIn: 600,
    maxBytes: 1_000_000,
    limitsUploads: true,
    deadLetters: {
      store,
      inputBucket: INPUT,
      outputBucket: OUTPUT,
      prefix: 'dead-letters/',
      placeOf,
    },
    nudge: (key) => void nudged.push(key),
    discovers: false,
    logger,
    ...options.context,
  };
  const api = createApi(context, {
    tokens: apiTokenList().parse(options.tokens ?? ''),
    corsOrigins: [],
    rateLimit: 0,
    ...options.access,
  });
  const server = await startServer({
    store,
    signer,
    host: '127.0.0.1',
    port: 0,
    logger,
    maxUploadBytes: context.maxBytes,
    ready: () => ({ ok: true }),
    api,
  });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= server.close());
  onTestFinished(close);
  url = server.url;
  const call = (path: string, init?: RequestInit) => fetch(`${url}/v1${path}`, init);
  return {
    url,
    store,
    context,
    nudged,
    api,
    close,
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

export interface AnnouncedFile {
  readonly name: string;
  readonly key: string;
  readonly upload: { method: string; url: string; headers: Record<string, string>; expiresAt: string };
}

export async function announce(
  { post }: Pick<ServedApi, 'post'>,
  files: ReadonlyArray<Readonly<Record<string, unknown>>>,
): Promise<{ batch: string; files: AnnouncedFile[] }> {
  const response = await post('/uploads', { files });
  expect(response.status).toBe(201);
  return (await response.json()) as { batch: string; files: AnnouncedFile[] };
}

/** Uploads as a client does: with nothing but the link. */
export async function upload(file: AnnouncedFile | undefined, body: string | Uint8Array): Promise<void> {
  if (file === undefined) throw new Error('There is no such file.');
  const { method, url, headers } = file.upload;
  const response = await fetch(url, { method, headers, body });
  expect(response.status).toBe(200);
}

export type BatchAnswer = z.output<typeof batchSchema>;

/** The batch, which is what the schema says. */
export async function getBatch(
  { call }: Pick<ServedApi, 'call'>,
  id: string,
  query = '',
): Promise<BatchAnswer> {
  const response = await call(`/batches/${id}${query}`);
  expect(response.status).toBe(200);
  return batchSchema.parse(await response.json());
}
