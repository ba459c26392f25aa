import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWebhookSource, type WebhookSource } from '../../src/events/webhook-source.js';
import { consume } from '../contracts/consumer.js';
import { describeEventSource } from '../contracts/event-source.js';
import { until } from '../support/until.js';
import { serveDirectoryStore } from '../unit/storage/served-store.js';
import { createNotifyingBucket } from './minio-bucket.js';
import { describeWith } from './servers/available.js';
import { type MinioServer, startMinio, webhookTarget } from './servers/minio.js';

const describeServers = await describeWith('minio');

const TOKEN = 'a-secret-token';
const DIRECT = 'arn:minio:sqs::DIRECT:webhook';
/** MinIO looks into its queue every 3 seconds. */
const QUEUED = 'arn:minio:sqs::QUEUED:webhook';
const WRONG_TOKEN = 'arn:minio:sqs::WRONG:webhook';

describeServers('MinIO events over the webhook', () => {
  let folder: string;
  let port: number;
  let minio: MinioServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clearcut-'));
    port = await freePort();
    const url = `http://127.0.0.1:${port}/events`;
    const queueFolder = join(folder, 'queue');
    minio = await startMinio({
      notify: {
        ...webhookTarget({ id: 'DIRECT', url, token: TOKEN }),
        ...webhookTarget({ id: 'QUEUED', url, token: TOKEN, queueFolder }),
        ...webhookTarget({ id: 'WRONG', url, token: 'another-token', queueFolder }),
      },
    });
  });

  afterAll(async () => {
    await minio?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  interface Listener {
    readonly source: WebhookSource;
    /** Of the answers so far. */
    readonly statuses: readonly unknown[];
    close(): Promise<void>;
  }

  async function listen(journalFolder: string, ...buckets: readonly string[]): Promise<Listener> {
    const source = createWebhookSource({
      journalFolder,
      capacity: 1_000,
      // Targets are one for all buckets, and an event of an earlier test may come late.
      accepts: (bucket) => buckets.includes(bucket),
      logger: pino({ level: 'silent' }),
    });
    const statuses: unknown[] = [];
    const logger = pino({ level: 'debug' }, { write: (line) => statuses.push(JSON.parse(line).status) });
    const webhook = { receive: source.receive, token: TOKEN };
    const { close } = await serveDirectoryStore(join(folder, 'store'), { port, webhook, logger });
    return { source, statuses, close };
  }

  const newJournal = () => mkdtemp(join(folder, 'journal-'));

  describeEventSource('MinIO over the webhook', async () => {
    // MinIO's first look whether somebody is there is while the bucket is configured.
    const bucket = await createNotifyingBucket(minio, DIRECT);
    const { source, close } = await listen(await newJournal(), bucket.bucket);
    return { source, close, bucket: bucket.bucket, createObject: bucket.put, removeObject: bucket.remove };
  });

  test('objects created while we are away are told of when we are back', async () => {
    const journal = await newJournal();
    const { bucket, put } = await createNotifyingBucket(minio, QUEUED);
    const before = await listen(journal, bucket);
    await put('before.jpg', Buffer.from('some bytes'));
    await until(() => before.source.counts().pending === 1);
    await before.close();
    await put('meanwhile \u00fc+1.jpg', Buffer.from('some bytes'));
    const after = await listen(journal, bucket);
    const consumer = consume(after.source);
    try {
      const deliveries = [await consumer.next(), await consumer.next()];
      expect(deliveries.map(({ event }) => event.key)).toEqual(['before.jpg', 'meanwhile \u00fc+1.jpg']);
      for (const delivery of deliveries) await delivery.ack();
      expect(await readdir(journal)).toEqual([]);
    } finally {
      await consumer.stop();
      await after.close();
    }
  });

  test('events with a wrong token do not get in', async () => {
    const wrong = await createNotifyingBucket(minio, WRONG_TOKEN);
    const right = await createNotifyingBucket(minio, QUEUED);
    const { source, statuses, close } = await listen(await newJournal(), wrong.bucket, right.bucket);
    try {
      await wrong.put('wrong.jpg', Buffer.from('some bytes'));
      await right.put('right.jpg', Buffer.from('some bytes'));
      await until(() => statuses.includes(401) && statuses.includes(202));
      const consumer = consume(source);
      await consumer.nextOf('right.jpg');
      await consumer.stop();
      expect(consumer.seen).toEqual(['right.jpg']);
      // MinIO keeps what was refused.
      expect(await readdir(join(folder, 'queue', 'minio-webhook-WRONG'))).toHaveLength(1);
    } finally {
      await close();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
