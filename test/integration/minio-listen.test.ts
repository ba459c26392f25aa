import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createMinioListenSource,
  type MinioListenSource,
  type MinioListenSourceOptions,
} from '../../src/events/minio-listen-source.js';
import { consume } from '../contracts/consumer.js';
import { describeEventSource } from '../contracts/event-source.js';
import { until } from '../support/until.js';
import { describeWith } from './servers/available.js';
import { type MinioServer, startMinio } from './servers/minio.js';
import { startMoto } from './servers/moto.js';

const logger = pino({ level: 'silent' });
const BYTES = Buffer.from('some bytes');

const describeServers = await describeWith('minio', 'moto');

describeServers('MinIO Listen', () => {
  let minio: MinioServer;
  let s3: S3Client;
  let count = 0;

  beforeAll(async () => {
    minio = await startMinio();
    const { endpoint, region, accessKeyId, secretAccessKey } = minio;
    s3 = new S3Client({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
    });
  });

  afterAll(() => minio?.stop());

  async function createBucket(): Promise<string> {
    count += 1;
    const bucket = `uploads-${count}`;
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    return bucket;
  }

  const put = (Bucket: string, Key: string, Body: Uint8Array = BYTES) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body }));

  function createSource(bucket: string, more: Partial<MinioListenSourceOptions> = {}): MinioListenSource {
    const { endpoint, region, accessKeyId, secretAccessKey } = minio;
    const credentials = { accessKeyId, secretAccessKey };
    return createMinioListenSource({
      endpoint,
      region,
      credentials,
      bucket,
      capacity: 1_000,
      logger,
      ...more,
    });
  }

  describeEventSource(
    'MinIO Listen',
    async () => {
      const bucket = await createBucket();
      const source = createSource(bucket);
      return {
        source,
        bucket,
        started: source.started,
        createObject: async (key, bytes) => {
          await put(bucket, key, bytes);
        },
        removeObject: async (Key) => {
          await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
        },
        close: async () => {},
      };
    },
    { nackDelayMs: 100 },
  );

  test('a restart of MinIO is a gap: it is reported, and later events flow', async () => {
    const bucket = await createBucket();
    let gaps = 0;
    const source = createSource(bucket, { onGap: () => (gaps += 1) });
    const consumer = consume(source);
    try {
      await source.started;
      await put(bucket, 'before.jpg');
      await (await consumer.nextOf('before.jpg')).ack();
      expect(gaps).toBe(0);
      await minio.restart();
      await until(() => gaps === 1);
      await put(bucket, 'after.jpg');
      await (await consumer.nextOf('after.jpg')).ack();
      expect(gaps).toBe(1);
    } finally {
      await consumer.stop();
    }
  });

  test('MinIO killed and away for a while is one gap', async () => {
    const bucket = await createBucket();
    let gaps = 0;
    const { warnings, logger } = keepWarnings();
    const source = createSource(bucket, { onGap: () => (gaps += 1), logger });
    const consumer = consume(source);
    try {
      await source.started;
      await minio.halt('SIGKILL');
      await until(() => warnings.filter((line) => line.includes('cannot listen')).length >= 2);
      await minio.resume();
      await until(() => gaps === 1);
      await put(bucket, 'after.jpg');
      expect((await consumer.next()).event.key).toBe('after.jpg');
      expect(gaps).toBe(1);
    } finally {
      await consumer.stop();
    }
  });

  test('only keys with the prefix that are accepted are told of', async () => {
    const bucket = await createBucket();
    const source = createSource(bucket, { prefix: 'in ü/', accepts: (key) => key.endsWith('.jpg') });
    const consumer = consume(source);
    try {
      await source.started;
      for (const key of ['out/1.jpg', 'in ü/1.txt', 'in ü/1.jpg', 'in ü/2.jpg']) await put(bucket, key);
      await consumer.nextOf('in ü/2.jpg');
      expect(consumer.seen).toEqual(['in ü/1.jpg', 'in ü/2.jpg']);
    } finally {
      await consumer.stop();
    }
  });

  test('a consumer that leaves closes its connection at once', async () => {
    const bucket = await createBucket();
    const proxy = await startProxy(minio.endpoint);
    const source = createSource(bucket, { endpoint: proxy.endpoint });
    const consumer = consume(source);
    await source.started;
    expect(proxy.connections()).toBe(1);
    await consumer.stop();
    await until(() => proxy.connections() === 0);
    await proxy.close();
  });

  test('a connection that falls silent is given up', async () => {
    const bucket = await createBucket();
    const proxy = await startProxy(minio.endpoint);
    let gaps = 0;
    const source = createSource(bucket, {
      endpoint: proxy.endpoint,
      silenceLimitMs: 1_500,
      onGap: () => (gaps += 1),
    });
    const consumer = consume(source);
    try {
      await source.started;
      proxy.fallSilent();
      await put(bucket, 'missed.jpg');
      await until(() => gaps === 1);
      await put(bucket, 'after.jpg');
      expect((await consumer.next()).event.key).toBe('after.jpg');
    } finally {
      await consumer.stop();
      await proxy.close();
    }
  });

  test('what was told of while nobody listened is a gap too', async () => {
    const bucket = await createBucket();
    let gaps = 0;
    const source = createSource(bucket, { onGap: () => (gaps += 1) });
    const first = consume(source);
    await source.started;
    await first.stop();
    const second = consume(source);
    await until(() => gaps === 1);
    await second.stop();
  });

  test('a bucket that does not exist is named at the start', async () => {
    const source = createSource('nobody');
    const consumer = consume(source);
    await source.started;
    await expect(consumer.next()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      bucket: 'nobody',
      message: expect.stringMatching(/NoSuchBucket/),
    });
  });

  test('a wrong secret is named at the start', async () => {
    const credentials = { accessKeyId: minio.accessKeyId, secretAccessKey: 'wrong-secret' };
    const consumer = consume(createSource(await createBucket(), { credentials }));
    await expect(consumer.next()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      remedy: 'Correct the secret key.',
    });
  });

  test('a server that is not MinIO is named at the start', async () => {
    const other = await startMoto();
    const { endpoint, accessKeyId, secretAccessKey } = other;
    const bucket = 'uploads';
    const credentials = { accessKeyId, secretAccessKey };
    const client = new S3Client({ endpoint, region: other.region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const consumer = consume(createSource(bucket, { endpoint, credentials }));
    await expect(consumer.next()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${endpoint} has no Listen API: it is not MinIO.`,
    });
    await other.stop();
  });

  test('a server that does not answer is named at the start', async () => {
    const source = createSource('uploads', { endpoint: 'http://127.0.0.1:9' });
    const consumer = consume(source);
    await expect(consumer.next()).rejects.toMatchObject({
      code: 'EVENT_SOURCE_UNAVAILABLE',
      message: expect.stringMatching(/127\.0\.0\.1:9.*ECONNREFUSED/),
    });
    await source.started;
  });

  test('credentials may be a function, which is asked for each connection', async () => {
    const { accessKeyId, secretAccessKey } = minio;
    let asked = 0;
    let gaps = 0;
    const credentials = async () => {
      asked += 1;
      return { accessKeyId, secretAccessKey };
    };
    const source = createSource(await createBucket(), { credentials, onGap: () => (gaps += 1) });
    const consumer = consume(source);
    try {
      await source.started;
      expect(asked).toBe(1);
      await minio.restart();
      await until(() => gaps === 1);
      expect(asked).toBeGreaterThan(1);
    } finally {
      await consumer.stop();
    }
  });

  test('a bucket removed in the middle is waited for', async () => {
    const bucket = await createBucket();
    let gaps = 0;
    const { warnings, logger } = keepWarnings();
    const source = createSource(bucket, { onGap: () => (gaps += 1), logger });
    const consumer = consume(source);
    try {
      await source.started;
      await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
      // MinIO goes on with connections that it has, also when their bucket is gone.
      await minio.restart();
      await until(() => warnings.some((line) => line.includes('NoSuchBucket')));
      await s3.send(new CreateBucketCommand({ Bucket: bucket }));
      await until(() => gaps === 1);
      await put(bucket, 'after.jpg');
      expect((await consumer.next()).event.key).toBe('after.jpg');
    } finally {
      await consumer.stop();
    }
  });
});

function keepWarnings() {
  const warnings: string[] = [];
  return { warnings, logger: pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) }) };
}

/** Stands between client and server, as a network that can fail without a word. */
async function startProxy(target: string) {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    const onward = connect(Number(port), hostname);
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      onward.destroy();
    });
    onward.once('close', () => socket.destroy());
    for (const end of [socket, onward]) end.on('error', () => {});
    socket.pipe(onward).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    connections: () => open.size,
    /** From now on nothing comes through the connections there are; new ones work. */
    fallSilent(): void {
      for (const socket of open) socket.cork();
    },
    async close(): Promise<void> {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
