import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNatsSource, type NatsSource } from '../../src/events/nats-source.js';
import { consume } from '../contracts/consumer.js';
import { describeEventSource } from '../contracts/event-source.js';
import { createNotifyingBucket } from './minio-bucket.js';
import { describeWith } from './servers/available.js';
import { type MinioServer, natsTarget, startMinio } from './servers/minio.js';
import { type NatsServer, startNats } from './servers/nats.js';

const describeServers = await describeWith('minio', 'nats');

describeServers('MinIO events over NATS', () => {
  let nats: NatsServer;
  let minio: MinioServer;
  let queueFolder: string;
  /** The target's subject is one for all buckets, so the stream is as well. */
  let source: NatsSource;

  beforeAll(async () => {
    queueFolder = await mkdtemp(join(tmpdir(), 'clearcut-'));
    nats = await startNats();
    source = createNatsSource({
      servers: [nats.url],
      subject: 'clearcut.events',
      stream: 'CLEARCUT',
      consumer: 'clearcut',
      logger: pino({ level: 'silent' }),
    });
    // MinIO publishes only to a stream that is there.
    const consumer = consume(source);
    await source.started;
    await consumer.stop();
    minio = await startMinio({
      notify: {
        ...natsTarget({ id: 'DIRECT', nats, subject: 'clearcut.events', jetstream: true }),
        ...natsTarget({ id: 'QUEUED', nats, subject: 'clearcut.events', jetstream: true, queueFolder }),
      },
    });
  });

  afterAll(async () => {
    await source?.close();
    await minio?.stop();
    await nats?.stop();
    await rm(queueFolder, { recursive: true, force: true });
  });

  describeEventSource('MinIO over NATS', async () => {
    const bucket = await createNotifyingBucket(minio, 'arn:minio:sqs::DIRECT:nats');
    return {
      source,
      bucket: bucket.bucket,
      createObject: bucket.put,
      removeObject: bucket.remove,
      close: () => drain(),
    };
  });

  /** What a test left in the stream must not reach the next. */
  async function drain(): Promise<void> {
    await source.close();
    const bucket = await createNotifyingBucket(minio, 'arn:minio:sqs::DIRECT:nats');
    const consumer = consume(source);
    await bucket.put('last-of-all.jpg', Buffer.from('x'));
    await (await consumer.nextOf('last-of-all.jpg')).ack();
    await consumer.stop();
  }

  test('objects created while NATS is away are told of when it is back', async () => {
    const bucket = await createNotifyingBucket(minio, 'arn:minio:sqs::QUEUED:nats');
    const consumer = consume(source);
    try {
      await bucket.put('before.jpg', Buffer.from('some bytes'));
      await (await consumer.nextOf('before.jpg')).ack();
      await nats.halt('SIGKILL');
      await bucket.put('meanwhile ü+1.jpg', Buffer.from('some bytes'));
      await nats.resume();
      const delivery = await consumer.nextOf('meanwhile ü+1.jpg');
      expect(delivery.event).toMatchObject({ kind: 'created', bucket: bucket.bucket, size: 10 });
      await delivery.ack();
    } finally {
      await consumer.stop();
    }
  });
});
