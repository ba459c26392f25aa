import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import pRetry from 'p-retry';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { resultRecordSchema } from '../../src/pipeline/result-record.js';
import { createS3Store } from '../../src/storage/s3/store.js';
import { drawSubject } from '../support/draw.js';

import { clearcut, type Environment, type RunningService, startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { describeWith } from './servers/available.js';
import { connectionTo } from './servers/connection.js';
import { type MinioServer, natsTarget, startMinio, webhookTarget } from './servers/minio.js';
import { type MotoServer, startMoto } from './servers/moto.js';
import { type NatsServer, startNats } from './servers/nats.js';
import { freePort } from './servers/server-process.js';
import { openUploadClients } from './upload-clients.js';

/**
 * Each source of events as a user has it: `clearcut setup`, then `clearcut run`, the real model at its smallest side,
 * and uploads by clients that are not ours. UPLOADS sets another number of them, and then the figures are printed.
 */

const UPLOADS = Number(process.env['UPLOADS'] ?? 24);
const TIMEOUT = 60_000 + UPLOADS * 3_000;

/** Names that URLs, signatures and events each encode in their own way. */
const NAMES: ReadonlyArray<(round: number) => string> = [
  (round) => `with space ${round}.jpg`,
  (round) => `a+b=${round}.jpg`,
  (round) => `sub/folder%2Ffile ${round}.jpg`,
  (round) => `${round}% of 100%25.jpg`,
  // These two differ in nothing but their normal form.
  (round) => `Möbel/östlich ${round}.jpg`.normalize('NFC'),
  (round) => `Möbel/östlich ${round}.jpg`.normalize('NFD'),
  (round) => `🪑🏽 椅子 ${round}.jpg`,
  (round) => `${`${'long '.repeat(17)}1234/`.repeat(9)}${String(round).padStart(86, '0')}.jpg`,
];

interface Upload {
  readonly key: string;
  /** Of the picture in pixels; each has another. */
  readonly width: number;
  /** Every name meets every client. */
  readonly clientOf: <T>(clients: readonly T[]) => T;
}

const uploads: readonly Upload[] = Array.from({ length: UPLOADS }, (_, at) => {
  const round = Math.floor(at / NAMES.length);
  const name = NAMES[at % NAMES.length];
  if (name === undefined) throw new RangeError('no such name');
  return {
    key: name(round),
    width: 200 + at,
    clientOf: (clients) => {
      const client = clients[(at + round) % clients.length];
      if (client === undefined) throw new RangeError('no clients');
      return client;
    },
  };
});

type Server = MinioServer | MotoServer;

/** What a user sets for the server; `uploads` and `results` are the buckets. */
function settingsFor(server: Server): Record<string, string> {
  return {
    CLEARCUT_STORE: 's3',
    CLEARCUT_S3_ENDPOINT: server.endpoint,
    CLEARCUT_S3_ACCESS_KEY_ID: server.accessKeyId,
    CLEARCUT_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
    CLEARCUT_MODEL_MAX_SIDE: '256',
    CLEARCUT_RETRY_MIN: '100ms',
    CLEARCUT_LOG_LEVEL: 'debug',
    // Nothing but events may find what comes after the sweep at the start.
    CLEARCUT_SWEEP_INTERVAL: '1h',
  };
}

/** Sets up, starts the service and waits until its sweep at the start has seen that nothing is there. */
async function startOn(env: Environment): Promise<RunningService> {
  expect(await clearcut(['setup'], env)).toMatchObject({ code: 0, stderr: '' });
  const service = await startService(await temporaryFolder(), env);
  await expect.poll(() => linesOf(service, 'swept').length, { timeout: 30_000 }).toBeGreaterThan(0);
  return service;
}

const linesOf = (service: RunningService, message: string) =>
  service.log().filter(({ msg }) => msg === message);

/** Uploads all, one after the other; `before` is told how many are done. Returns how many attempts failed. */
async function uploadAll(server: Server, before: (done: number) => void = () => {}): Promise<number> {
  let failures = 0;
  const onFailedAttempt = () => {
    failures += 1;
  };
  const again = { retries: 20, minTimeout: 500, factor: 1, onFailedAttempt };
  const clients = await openUploadClients(server);
  try {
    for (const [done, { key, width, clientOf }] of uploads.entries()) {
      before(done);
      const client = clientOf(clients);
      const picture = await drawSubject({ width });
      await pRetry(() => client.put('uploads', key, picture), again);
    }
    return failures;
  } finally {
    for (const client of clients) client.close();
  }
}

/** Waits until each upload has its result, and opens each link as anybody would. */
async function expectAllResults(server: Server): Promise<void> {
  const store = await createS3Store(connectionTo(server));
  async function keysIn(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of store.list('results', { prefix })) keys.push(key);
    return keys;
  }
  const countOfRecords = async () => (await keysIn('records/')).length;
  await expect.poll(countOfRecords, { timeout: TIMEOUT / 2, interval: 250 }).toBe(UPLOADS);
  expect(await keysIn('dead-letters/')).toEqual([]);
  expect(await keysIn('cutouts/')).toHaveLength(UPLOADS);

  const widths = new Map<string, number | undefined>();
  for (const recordKey of await keysIn('records/')) {
    const { body } = await store.get('results', recordKey);
    const { source, link } = resultRecordSchema.parse(JSON.parse(await text(body)));
    const response = await fetch(link.url);
    expect(response.status, source.key).toBe(200);
    expect(response.headers.get('content-type'), source.key).toBe('image/png');
    const { format, hasAlpha, width } = await sharp(await response.arrayBuffer()).metadata();
    expect({ format, hasAlpha }, source.key).toEqual({ format: 'png', hasAlpha: true });
    widths.set(source.key, width);
  }
  expect(widths).toEqual(new Map(uploads.map(({ key, width }) => [key, width])));
}

/** Uploads, waits for the results and ends the service; returns what it counted, and what the uploads met. */
async function runToTheEnd(
  service: RunningService,
  server: Server,
  before?: (done: number) => void,
): Promise<Record<string, unknown>> {
  const start = Date.now();
  const failedUploads = await uploadAll(server, before);
  const uploaded = Date.now();
  await expectAllResults(server);
  const opened = Date.now();
  expect(await service.stop('SIGTERM')).toBe(0);
  const counts = { ...linesOf(service, 'stopped')[0], failedUploads };
  if (process.env['UPLOADS'] !== undefined) {
    const seconds = { uploading: (uploaded - start) / 1000, all: (opened - start) / 1000 };
    process.stderr.write(`${expect.getState().currentTestName}: ${JSON.stringify({ seconds, counts })}\n`);
  }
  return counts;
}

async function expectToldBy(source: string, service: RunningService, server: Server): Promise<void> {
  const counts = await runToTheEnd(service, server);
  expect(counts).toMatchObject({ results: UPLOADS, deadLetters: 0, foundBySweep: 0, failedUploads: 0 });
  expect(new Set(linesOf(service, 'cut out').map((line) => line['source']))).toEqual(new Set([source]));
}

const describeServers = await describeWith('minio', 'nats');

describeServers('uploads to MinIO become results', () => {
  test(
    'told of by minio-listen',
    async () => {
      const minio = await start(startMinio());
      const service = await startOn({ ...settingsFor(minio), CLEARCUT_EVENTS: 'minio-listen' });
      await expectToldBy('minio-listen', service, minio);
    },
    TIMEOUT,
  );

  test(
    'told of by the webhook',
    async () => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/events`;
      const notify = webhookTarget({ id: 'CLEARCUT', url, token: 'the-token' });
      const minio = await start(startMinio({ notify }));
      const service = await startOn({
        ...settingsFor(minio),
        CLEARCUT_HTTP_PORT: String(port),
        CLEARCUT_EVENTS: 'webhook',
        CLEARCUT_EVENTS_TARGET_ARN: `arn:minio:sqs:${minio.region}:CLEARCUT:webhook`,
        CLEARCUT_WEBHOOK_TOKEN: 'the-token',
      });
      await expectToldBy('webhook', service, minio);
    },
    TIMEOUT,
  );

  async function startBoth(): Promise<{ nats: NatsServer; minio: MinioServer; env: Environment }> {
    const nats = await start(startNats());
    const queueFolder = await temporaryFolder();
    const target = { id: 'CLEARCUT', nats, subject: 'clearcut.events', jetstream: true, queueFolder };
    const minio = await start(startMinio({ notify: natsTarget(target) }));
    const env = {
      ...settingsFor(minio),
      CLEARCUT_EVENTS: 'nats',
      CLEARCUT_EVENTS_TARGET_ARN: `arn:minio:sqs:${minio.region}:CLEARCUT:nats`,
      CLEARCUT_NATS_URL: nats.url,
    };
    return { nats, minio, env };
  }

  test(
    'told of over NATS',
    async () => {
      const { minio, env } = await startBoth();
      await expectToldBy('nats', await startOn(env), minio);
    },
    TIMEOUT,
  );

  test(
    'although NATS and MinIO are killed and come back in the middle of the uploads',
    async () => {
      const { nats, minio, env } = await startBoth();
      const service = await startOn({ ...env, CLEARCUT_SWEEP_INTERVAL: '2s' });
      // A second away, so that an upload meets it.
      const restarts: Promise<void>[] = [];
      const crash = async (server: NatsServer | MinioServer) => {
        await server.halt('SIGKILL');
        await sleep(1_000);
        await server.resume();
      };
      const counts = await runToTheEnd(service, minio, (done) => {
        if (done === Math.floor(UPLOADS / 3)) restarts.push(crash(nats));
        if (done === Math.floor((UPLOADS * 2) / 3)) restarts.push(crash(minio));
      });
      await Promise.all(restarts);
      expect(restarts).toHaveLength(2);
      expect(counts).toMatchObject({ deadLetters: 0 });
      expect(counts['failedUploads']).toBeGreaterThan(0);
    },
    TIMEOUT,
  );
});

const describeMoto = await describeWith('moto');

describeMoto('uploads to a server like AWS become results', () => {
  test(
    'told of by SQS',
    async () => {
      const moto = await start(startMoto());
      const { endpoint, region, accessKeyId, secretAccessKey } = moto;
      const sqs = new SQSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'clearcut-events' }));
      sqs.destroy();
      const service = await startOn({
        ...settingsFor(moto),
        CLEARCUT_EVENTS: 'sqs',
        CLEARCUT_SQS_URL: QueueUrl,
      });
      await expectToldBy('sqs', service, moto);
    },
    TIMEOUT,
  );
});

/** A server for this test only. */
async function start<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  onTestFinished(() => server.stop());
  return server;
}
