import { text } from 'node:stream/consumers';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { resultRecordSchema } from '../../src/pipeline/result-record.js';
import { createS3Store, type S3Store } from '../../src/storage/s3/store.js';
import { drawSubject } from '../support/draw.js';
import { clearcut, type RunningService, startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';
import { describeWith } from './servers/available.js';
import { type MinioServer, natsTarget, startMinio } from './servers/minio.js';
import { startMoto } from './servers/moto.js';
import { type NatsServer, startNats } from './servers/nats.js';

/**
 * The whole service as a user runs it against real servers: the compiled command line, the real model at its smallest
 * side, MinIO that tells NATS JetStream of every object.
 */

const TIMEOUT = 240_000;
const TARGET = 'arn:minio:sqs:us-east-1:CLEARCUT:nats';

const NASTY_KEYS = [
  'plain.jpg',
  'with space.jpg',
  ' leading space.jpg',
  'trailing space.jpg ',
  'a+b=c.jpg',
  '%.jpg',
  '100%25.jpg',
  'Möbel & Küche.jpg',
  'o\u0308stlich.jpg',
  '\u00f6stlich.jpg',
  '椅子.jpg',
  '🪑 chair.jpg',
  'sub/folder/deep.jpg',
  "quote'd #1?.jpg",
  '"double".jpg',
  'semi;colon,comma.jpg',
  'a&b=<c>.jpg',
  'tab\there.jpg',
  'back\\slash.jpg',
  'caret^`~!@$.jpg',
  '(brackets) [square] {curly}.jpg',
  'star*.jpg',
  'pipe|colon:.jpg',
  'no-extension',
  'UPPER.JPG',
  'x.json',
  'x.json/in folder.jpg',
  'records/not a record.jpg',
  'a.cutout.png',
  `${'long'.repeat(60)}.jpg`,
];

const describeServers = await describeWith('minio', 'nats');

describeServers('clearcut on MinIO with events over NATS', () => {
  let nats: NatsServer;
  let minio: MinioServer;
  let store: S3Store;

  beforeAll(async () => {
    nats = await startNats();
    const target = natsTarget({ id: 'CLEARCUT', nats, subject: 'clearcut.events', jetstream: true });
    minio = await startMinio({ notify: target });
    store = await createS3Store({
      endpoint: minio.endpoint,
      publicEndpoint: '',
      region: minio.region,
      accessKeyId: minio.accessKeyId,
      secretAccessKey: minio.secretAccessKey,
      sessionToken: '',
      pathStyle: 'auto',
      caFile: '',
    });
  });

  afterAll(async () => {
    await minio?.stop();
    await nats?.stop();
  });

  /** What a user sets; every test has buckets of its own. */
  function settings(name: string): Record<string, string> {
    return {
      CLEARCUT_STORE: 's3',
      CLEARCUT_S3_ENDPOINT: minio.endpoint,
      CLEARCUT_S3_ACCESS_KEY_ID: minio.accessKeyId,
      CLEARCUT_S3_SECRET_ACCESS_KEY: minio.secretAccessKey,
      CLEARCUT_INPUT_BUCKET: `${name}-in`,
      CLEARCUT_OUTPUT_BUCKET: `${name}-out`,
      CLEARCUT_NATS_URL: nats.url,
      CLEARCUT_MODEL_MAX_SIDE: '256',
      CLEARCUT_RETRY_MIN: '100ms',
      CLEARCUT_LOG_LEVEL: 'debug',
    };
  }

  const withNats = { CLEARCUT_EVENTS: 'nats', CLEARCUT_EVENTS_TARGET_ARN: TARGET };

  async function keysIn(bucket: string, prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of store.list(bucket, { prefix })) keys.push(key);
    return keys;
  }

  async function recordsIn(bucket: string) {
    const keys = await keysIn(bucket, 'records/');
    return Promise.all(
      keys.map(async (key) => {
        const { body } = await store.get(bucket, key);
        return resultRecordSchema.parse(JSON.parse(await text(body)));
      }),
    );
  }

  const linesOf = (service: RunningService, message: string) =>
    service.log().filter(({ msg }) => msg === message);

  test(
    'after setup, every upload becomes a result whose link opens, whatever its key is',
    async () => {
      // Only events may find them: the next sweep after the first is long after the test.
      const env = { ...settings('keys'), ...withNats, CLEARCUT_SWEEP_INTERVAL: '1h' };
      expect((await clearcut(['setup'], env)).code).toBe(0);
      const service = await startService(await temporaryFolder(), env);
      await until(() => linesOf(service, 'swept').length > 0);

      for (const [at, key] of NASTY_KEYS.entries()) {
        await store.put('keys-in', key, await drawSubject({ width: 200 + at }));
      }
      await until(async () => (await keysIn('keys-out', 'records/')).length === NASTY_KEYS.length);

      const records = await recordsIn('keys-out');
      expect(records.map(({ source }) => source.key).sort()).toEqual([...NASTY_KEYS].sort());
      for (const { source, link } of records) {
        const response = await fetch(link.url);
        expect(response.status, source.key).toBe(200);
        expect(response.headers.get('content-type')).toBe('image/png');
        const picture = await sharp(await response.arrayBuffer()).metadata();
        expect(picture).toMatchObject({ width: 200 + NASTY_KEYS.indexOf(source.key), hasAlpha: true });
      }
      expect(await keysIn('keys-out', 'cutouts/')).toHaveLength(NASTY_KEYS.length);
      expect(await keysIn('keys-out', 'dead-letters/')).toEqual([]);
      const sources = linesOf(service, 'cut out').map(({ source }) => source);
      expect(sources).toEqual(NASTY_KEYS.map(() => 'nats'));

      const { stdout } = await clearcut(['link', '100%25.jpg', '--expires', '10m'], env);
      const linked = await fetch(stdout.trim());
      expect(linked.status).toBe(200);
      const forged = await fetch(stdout.trim().replace('100%2525', 'plain'));
      expect(forged.status).toBe(403);
      expect(await service.stop('SIGTERM')).toBe(0);
    },
    TIMEOUT,
  );

  test(
    'three processes share the queue; one is killed, and every object has exactly one result',
    async () => {
      const env = { ...settings('three'), ...withNats, CLEARCUT_SWEEP_INTERVAL: '3s' };
      expect((await clearcut(['setup'], env)).code).toBe(0);
      const services = await Promise.all(
        Array.from({ length: 3 }, async () => startService(await temporaryFolder(), env)),
      );
      const keys = Array.from({ length: 36 }, (_, at) => `image ${at}.jpg`);
      await Promise.all(
        keys.map(async (key, at) => store.put('three-in', key, await drawSubject({ width: 300 + at }))),
      );
      await until(async () => (await keysIn('three-out', 'records/')).length >= 6);
      await services[0]?.stop('SIGKILL');
      expect((await keysIn('three-out', 'records/')).length).toBeLessThan(36);

      await until(async () => (await keysIn('three-out', 'records/')).length === 36);
      const [, second, third] = services;
      expect(await second?.stop('SIGTERM')).toBe(0);
      expect(await third?.stop('SIGTERM')).toBe(0);
      const { stdout } = await clearcut(['status', '--json'], env);
      expect(JSON.parse(stdout)).toEqual({ done: 36, dead: 0, pending: 0 });
      expect(await keysIn('three-out', 'cutouts/')).toHaveLength(36);
      // Each took its share, and hardly any was taken twice: who loses such a race tries again and finds it done.
      for (const service of services) expect(linesOf(service, 'cut out').length).toBeGreaterThan(0);
      const races = services.flatMap((service) => linesOf(service, 'will be tried again'));
      expect(races.length).toBeLessThan(12);
    },
    TIMEOUT,
  );

  test(
    'without any source of events, three processes that sweep at once hardly take the same object twice',
    async () => {
      const env = { ...settings('swept'), CLEARCUT_CONCURRENCY: '1' };
      expect((await clearcut(['setup'], env)).code).toBe(0);
      for (let at = 0; at < 36; at++) {
        await store.put('swept-in', `image ${at}.jpg`, await drawSubject({ width: 300 + at }));
      }
      const services = await Promise.all(
        Array.from({ length: 3 }, async () => startService(await temporaryFolder(), env)),
      );
      await until(async () => (await keysIn('swept-out', 'records/')).length === 36);
      for (const service of services) expect(await service.stop('SIGTERM')).toBe(0);
      const counts = services.map((service) => linesOf(service, 'stopped')[0]);
      const results = counts.reduce((sum, count) => sum + Number(count?.['results']), 0);
      expect(results).toBe(36);
      expect(counts.reduce((sum, count) => sum + Number(count?.['foundBySweep']), 0)).toBe(36);
      expect(counts.reduce((sum, count) => sum + Number(count?.['retries']), 0)).toBeLessThan(12);
    },
    TIMEOUT,
  );

  test(
    'removes results with their inputs where that is asked for, and redrives dead letters',
    async () => {
      const env = {
        ...settings('removed'),
        ...withNats,
        CLEARCUT_REMOVE_RESULTS: 'true',
        CLEARCUT_SWEEP_INTERVAL: '1s',
      };
      expect((await clearcut(['setup'], env)).code).toBe(0);
      const service = await startService(await temporaryFolder(), env);
      await store.put('removed-in', 'a.jpg', await drawSubject());
      await store.put('removed-in', 'b.jpg', Buffer.from('no picture'));
      await until(async () => (await keysIn('removed-out')).length === 3);

      const { code, stdout } = await clearcut(['redrive', '--all'], env);
      expect(code).toBe(0);
      expect(stdout).toContain('redriven: b.jpg (FORMAT_UNSUPPORTED)');
      await until(() => linesOf(service, 'dead letter').length === 2);

      await store.delete('removed-in', 'a.jpg');
      await store.delete('removed-in', 'b.jpg');
      await until(async () => (await keysIn('removed-out')).length === 0);
      expect(await service.stop('SIGTERM')).toBe(0);
    },
    TIMEOUT,
  );

  test(
    'listens to MinIO itself, and takes what is posted to it',
    async () => {
      const env = {
        ...settings('told'),
        CLEARCUT_EVENTS: 'minio-listen,webhook',
        CLEARCUT_EVENTS_TARGET_ARN: TARGET,
        CLEARCUT_WEBHOOK_TOKEN: 'the-token',
        CLEARCUT_SWEEP_INTERVAL: '1h',
      };
      expect((await clearcut(['setup'], env)).code).toBe(0);
      const service = await startService(await temporaryFolder(), env);
      await until(() => linesOf(service, 'swept').length > 0);
      const sourceOf = (key: string) =>
        linesOf(service, 'cut out').find((line) => line['key'] === key)?.['source'];

      await store.put('told-in', 'heard of.jpg', await drawSubject());
      await until(() => sourceOf('heard of.jpg') !== undefined);
      expect(sourceOf('heard of.jpg')).toBe('minio-listen');

      const ready = service.log().find(({ msg }) => String(msg).startsWith('ready'));
      const record = {
        eventName: 's3:ObjectCreated:Put',
        s3: { bucket: { name: 'told-in' }, object: { key: 'not+there.jpg' } },
      };
      const post = (token: string) =>
        fetch(`${ready?.['server']}/events`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
          body: JSON.stringify({ Records: [record] }),
        });
      expect((await post('wrong')).status).toBe(401);
      expect((await post('the-token')).status).toBe(202);
      await until(() => linesOf(service, 'skipped').some((line) => line['key'] === 'not there.jpg'));
      expect(JSON.stringify(service.log())).not.toContain('the-token');
      // Objects are MinIO's to serve, not ours.
      expect((await fetch(`${ready?.['server']}/told-out/records/heard%20of.jpg.json`)).status).toBe(404);
      expect(await service.stop('SIGTERM')).toBe(0);
    },
    TIMEOUT,
  );

  test.each([
    [
      'a wrong secret',
      { CLEARCUT_S3_SECRET_ACCESS_KEY: 'not-the-secret' },
      /^clearcut: The secret does not fit the access key, says http:\S+\n {2}→ Check CLEARCUT_S3_SECRET_ACCESS_KEY.*\n$/,
    ],
    [
      'a missing bucket',
      { CLEARCUT_INPUT_BUCKET: 'not-there' },
      /^clearcut: There is no bucket "not-there"\.\n {2}→ Make the buckets with: clearcut setup\..*\n$/,
    ],
    [
      'an address where nothing listens',
      { CLEARCUT_S3_ENDPOINT: 'http://127.0.0.1:9' },
      /^clearcut: http:\/\/127\.0\.0\.1:9 cannot be reached: nothing listens there\.\n {2}→ Check CLEARCUT_S3_ENDPOINT.*\n$/,
    ],
  ])(
    '%s ends the start with one line that says so, and one that says what to do',
    async (_, wrong, expected) => {
      const env: Record<string, string> = {
        ...settings('wrong'),
        CLEARCUT_LOG_FORMAT: 'json',
        CLEARCUT_HTTP_PORT: '0',
        ...wrong,
      };
      for (const command of ['run', 'status']) {
        const { code, stdout, stderr } = await clearcut([command], env);
        expect(code).toBe(1);
        if (command === 'run') expect(stderr).toMatch(expected);
        expect(stderr.split('\n')).toHaveLength(3);
        expect(stdout + stderr).not.toContain(env['CLEARCUT_S3_SECRET_ACCESS_KEY']);
      }
    },
    TIMEOUT,
  );
});

const describeMoto = await describeWith('moto');

describeMoto('clearcut on a server like AWS with events over SQS', () => {
  test(
    'an upload is told of by the queue and becomes a result',
    async () => {
      const moto = await startMoto();
      onTestFinished(() => moto.stop());
      const { endpoint, region, accessKeyId, secretAccessKey } = moto;
      const sqs = new SQSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'clearcut-events' }));
      sqs.destroy();
      const env = {
        CLEARCUT_STORE: 's3',
        CLEARCUT_S3_ENDPOINT: endpoint,
        CLEARCUT_S3_ACCESS_KEY_ID: accessKeyId,
        CLEARCUT_S3_SECRET_ACCESS_KEY: secretAccessKey,
        CLEARCUT_EVENTS: 'sqs',
        CLEARCUT_SQS_URL: QueueUrl,
        CLEARCUT_MODEL_MAX_SIDE: '256',
        CLEARCUT_SWEEP_INTERVAL: '1h',
      };
      expect((await clearcut(['setup'], env)).code).toBe(0);
      const service = await startService(await temporaryFolder(), { ...env, CLEARCUT_LOG_LEVEL: 'debug' });
      const linesOf = (message: string) => service.log().filter(({ msg }) => msg === message);
      await until(() => linesOf('swept').length > 0);
      const store = await createS3Store({
        endpoint,
        publicEndpoint: '',
        region,
        accessKeyId,
        secretAccessKey,
        sessionToken: '',
        pathStyle: 'auto',
        caFile: '',
      });
      await store.put('uploads', 'a+b c.jpg', await drawSubject());
      await until(() => linesOf('cut out').length === 1);
      expect(linesOf('cut out')[0]).toMatchObject({ key: 'a+b c.jpg', source: 'sqs' });
      expect(await service.stop('SIGTERM')).toBe(0);
    },
    TIMEOUT,
  );
});
