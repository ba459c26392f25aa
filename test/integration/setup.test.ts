import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createS3Clients, type S3Clients } from '../../src/storage/s3/client.js';
import { createS3Store, type S3Store } from '../../src/storage/s3/store.js';
import { drawSubject } from '../support/draw.js';
import { clearcut, type Environment, startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';
import { describeWith } from './servers/available.js';
import { type MinioServer, natsTarget, startMinio, webhookTarget } from './servers/minio.js';
import { type MotoServer, startMoto } from './servers/moto.js';
import { type NatsServer, startNats } from './servers/nats.js';

const TIMEOUT = 120_000;
const NATS_ARN = 'arn:minio:sqs:us-east-1:CLEARCUT:nats';
const OTHER_ARN = 'arn:minio:sqs:us-east-1:OTHER:webhook';

interface Report {
  readonly steps: ReadonlyArray<{ name: string; status: string; detail: string; remedy?: string }>;
  readonly policy: { Statement: ReadonlyArray<{ Sid: string; Action: string[]; Resource: string[] }> };
}

interface S3Server {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const connectionOf = (server: S3Server) => ({
  endpoint: server.endpoint,
  publicEndpoint: '',
  region: server.region,
  accessKeyId: server.accessKeyId,
  secretAccessKey: server.secretAccessKey,
  sessionToken: '',
  pathStyle: 'auto' as const,
  caFile: '',
});

const settingsOf = (server: S3Server, name: string): Environment => ({
  CLEARCUT_STORE: 's3',
  CLEARCUT_S3_ENDPOINT: server.endpoint,
  CLEARCUT_S3_ACCESS_KEY_ID: server.accessKeyId,
  CLEARCUT_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
  CLEARCUT_INPUT_BUCKET: `${name}-in`,
  CLEARCUT_OUTPUT_BUCKET: `${name}-out`,
});

async function setup(env: Environment, ...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await clearcut(['setup', '--json', ...args], env);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Report;
}

const statusesOf = ({ steps }: Report) => Object.fromEntries(steps.map(({ name, status }) => [name, status]));

const describeMinio = await describeWith('minio', 'nats');

describeMinio('clearcut setup on MinIO', () => {
  let nats: NatsServer;
  let minio: MinioServer;
  let clients: S3Clients;
  let store: S3Store;

  beforeAll(async () => {
    nats = await startNats();
    minio = await startMinio({
      notify: {
        ...natsTarget({ id: 'CLEARCUT', nats, subject: 'clearcut.events', jetstream: true }),
        ...webhookTarget({ id: 'OTHER', url: nats.url.replace('nats:', 'http:') }),
      },
    });
    clients = await createS3Clients(connectionOf(minio));
    store = await createS3Store(connectionOf(minio));
  });

  afterAll(async () => {
    await minio?.stop();
    await nats?.stop();
  });

  const settings = (name: string): Environment => ({
    ...settingsOf(minio, name),
    CLEARCUT_EVENTS: 'nats',
    CLEARCUT_NATS_URL: nats.url,
    CLEARCUT_NATS_STREAM: 'CLEARCUT',
    CLEARCUT_EVENTS_TARGET_ARN: NATS_ARN,
  });

  test(
    'makes what is missing, and the second time finds nothing to do',
    async () => {
      const env = {
        ...settings('first'),
        CLEARCUT_INPUT_PREFIX: 'photos/',
        CLEARCUT_CUTOUT_EXPIRY_DAYS: '30',
      };
      const first = await setup(env);
      expect(statusesOf(first)).toMatchObject({
        'bucket first-in': 'done',
        'bucket first-out': 'done',
        'NATS stream CLEARCUT': 'done',
        'notification of first-in': 'done',
        'lifecycle of first-out': 'done',
      });
      const notification = await clients.client.send(
        new GetBucketNotificationConfigurationCommand({ Bucket: 'first-in' }),
      );
      expect(notification.QueueConfigurations).toMatchObject([
        { QueueArn: NATS_ARN, Events: ['s3:ObjectCreated:*'] },
      ]);
      expect(notification.QueueConfigurations?.[0]?.Filter?.Key?.FilterRules).toMatchObject([
        { Value: 'photos/' },
      ]);
      const lifecycle = await clients.client.send(
        new GetBucketLifecycleConfigurationCommand({ Bucket: 'first-out' }),
      );
      const rules = lifecycle.Rules?.map(({ Filter, Expiration }) => [Filter?.Prefix, Expiration?.Days]);
      expect(rules?.sort()).toEqual([
        ['cutouts/', 30],
        ['masks/', 30],
      ]);

      const second = await setup(env);
      expect(new Set(second.steps.map(({ status }) => status))).toEqual(new Set(['unchanged']));
      const { stdout } = await clearcut(['setup'], env);
      expect(stdout).toContain('nothing to do');
    },
    TIMEOUT,
  );

  test(
    'a dry run says the same and changes nothing',
    async () => {
      const planned = await setup(settings('dry'), '--dry-run');
      expect(statusesOf(planned)).toMatchObject({
        'bucket dry-in': 'planned',
        'notification of dry-in': 'planned',
      });
      await expect(store.head('dry-in', 'any')).rejects.toMatchObject({ code: 'BUCKET_NOT_FOUND' });
    },
    TIMEOUT,
  );

  test(
    'follows the settings, and leaves the rules of others alone',
    async () => {
      await store.ensureBucket('shared-in');
      await store.ensureBucket('shared-out');
      await clients.client.send(
        new PutBucketNotificationConfigurationCommand({
          Bucket: 'shared-in',
          NotificationConfiguration: {
            QueueConfigurations: [{ Id: 'theirs', QueueArn: OTHER_ARN, Events: ['s3:ObjectRemoved:*'] }],
          },
          SkipDestinationValidation: true,
        }),
      );
      const theirs = {
        ID: 'theirs',
        Status: 'Enabled' as const,
        Filter: { Prefix: 'tmp/' },
        Expiration: { Days: 1 },
      };
      await clients.client.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: 'shared-out',
          LifecycleConfiguration: { Rules: [theirs] },
        }),
      );
      const arnsAndEvents = async () => {
        const { QueueConfigurations = [] } = await clients.client.send(
          new GetBucketNotificationConfigurationCommand({ Bucket: 'shared-in' }),
        );
        return QueueConfigurations.map(({ QueueArn, Events }) => [
          QueueArn,
          [...(Events ?? [])].sort(),
        ]).sort();
      };
      const rules = async () => {
        const { Rules = [] } = await clients.client.send(
          new GetBucketLifecycleConfigurationCommand({ Bucket: 'shared-out' }),
        );
        return Rules.map(({ ID, Expiration }) => [ID, Expiration?.Days]).sort();
      };

      await setup({ ...settings('shared'), CLEARCUT_CUTOUT_EXPIRY_DAYS: '30' });
      expect(await arnsAndEvents()).toEqual([
        [NATS_ARN, ['s3:ObjectCreated:*']],
        [OTHER_ARN, ['s3:ObjectRemoved:*']],
      ]);
      expect(await rules()).toEqual([
        ['clearcut', 30],
        ['clearcut-masks', 30],
        ['theirs', 1],
      ]);

      const changed = { ...settings('shared'), CLEARCUT_REMOVE_RESULTS: 'true' };
      await setup(changed);
      expect(await arnsAndEvents()).toEqual([
        [NATS_ARN, ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']],
        [OTHER_ARN, ['s3:ObjectRemoved:*']],
      ]);
      expect(await rules()).toEqual([['theirs', 1]]);
      expect(new Set((await setup(changed)).steps.map(({ status }) => status))).toEqual(
        new Set(['unchanged']),
      );
    },
    TIMEOUT,
  );

  test(
    'the policy that it prints lets the service and doctor work, and nothing be done beyond',
    async () => {
      const env = {
        ...settings('policy'),
        CLEARCUT_READ_TAGS: 'true',
        CLEARCUT_BACKGROUND_BUCKET: 'policy-scenes',
      };
      const { policy } = await setup(env);
      const role = new AssumeRoleProvider({
        stsEndpoint: minio.endpoint,
        accessKey: minio.accessKeyId,
        secretKey: minio.secretAccessKey,
        region: minio.region,
        policy: JSON.stringify(policy),
      });
      const credentials = await role.getCredentials();
      const limited = {
        ...env,
        CLEARCUT_S3_ACCESS_KEY_ID: credentials.accessKey,
        CLEARCUT_S3_SECRET_ACCESS_KEY: credentials.secretKey,
        CLEARCUT_S3_SESSION_TOKEN: credentials.sessionToken ?? '',
        CLEARCUT_MODEL_MAX_SIDE: '256',
        CLEARCUT_SWEEP_INTERVAL: '1s',
      };
      const narrow = await createS3Store({
        ...connectionOf(minio),
        accessKeyId: credentials.accessKey,
        secretAccessKey: credentials.secretKey,
        sessionToken: credentials.sessionToken ?? '',
      });
      await store.put('policy-scenes', 'backgrounds/a.jpg', await drawSubject());
      await store.put('policy-in', 'a.jpg', await drawSubject(), {
        metadata: { 'clearcut-bg-image': 'backgrounds/a.jpg' },
        tags: { 'clearcut:output': 'both' },
      });
      const service = await startService(await temporaryFolder(), limited);
      await until(async () => (await store.head('policy-out', 'records/a.jpg.json')) !== undefined);
      expect(await store.head('policy-out', 'masks/a.jpg.mask.png')).toBeDefined();
      await store.put('policy-in', 'b.jpg', Buffer.from('no picture'));
      await until(async () => (await store.head('policy-out', 'dead-letters/b.jpg.json')) !== undefined);
      expect((await clearcut(['redrive', 'b.jpg'], limited)).code).toBe(0);
      expect(await service.stop('SIGTERM')).toBe(0);
      const wrong = [...(await doctor(limited)).values()].filter(({ status }) => status === 'wrong');
      expect(wrong).toEqual([]);

      const denied = { code: 'ACCESS_DENIED' };
      await expect(narrow.delete('policy-in', 'a.jpg')).rejects.toMatchObject(denied);
      await expect(narrow.put('policy-out', 'elsewhere', Buffer.from('x'))).rejects.toMatchObject(denied);
      await expect(narrow.put('policy-scenes', 'backgrounds/b.jpg', Buffer.from('x'))).rejects.toMatchObject(
        denied,
      );
      await expect(narrow.head('first-in', 'any')).rejects.toMatchObject(denied);
    },
    TIMEOUT,
  );

  test(
    'a source without a target is told, not passed over',
    async () => {
      const { code, stdout } = await clearcut(['setup'], {
        ...settings('untold'),
        CLEARCUT_EVENTS_TARGET_ARN: '',
      });
      expect(code).toBe(1);
      expect(stdout).toMatch(/✗ notification of untold-in: .*\n {4}→ Set CLEARCUT_EVENTS_TARGET_ARN/);
    },
    TIMEOUT,
  );

  test(
    'a target that the server does not have ends it with what to look at',
    async () => {
      const { code, stderr } = await clearcut(['setup'], {
        ...settings('wrong'),
        CLEARCUT_EVENTS_TARGET_ARN: 'arn:minio:sqs::NOBODY:nats',
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^clearcut: .*\n {2}→ Check that arn:minio:sqs::NOBODY:nats exists/);
    },
    TIMEOUT,
  );

  test(
    'origins that MinIO cannot keep for a bucket are told with what to set instead',
    async () => {
      const report = await setup({ ...settings('cors'), CLEARCUT_S3_CORS_ORIGINS: 'https://shop.example' });
      expect(report.steps.find(({ name }) => name === 'CORS of cors-in')).toMatchObject({
        status: 'unsupported',
        remedy: expect.stringContaining('MINIO_API_CORS_ALLOW_ORIGIN'),
      });
    },
    TIMEOUT,
  );

  interface Line {
    readonly name: string;
    readonly status: string;
    readonly detail: string;
    readonly remedy?: string;
  }

  async function doctor(env: Environment): Promise<Map<string, Line>> {
    const { stdout } = await clearcut(['doctor', '--json'], {
      CLEARCUT_HTTP_PORT: '0',
      CLEARCUT_MODEL_MAX_SIDE: '256',
      ...env,
    });
    return new Map((JSON.parse(stdout) as Line[]).map((line) => [line.name, line]));
  }

  test(
    'doctor finds all well after setup',
    async () => {
      const env = settings('well');
      await setup(env);
      const lines = await doctor(env);
      for (const name of [
        'S3 endpoint',
        'clock',
        'S3 credentials',
        'bucket well-in',
        'bucket well-out',
        'conditional writes',
        'notification',
        'NATS',
      ]) {
        expect(lines.get(name), name).toMatchObject({ status: 'ok' });
      }
      const left: string[] = [];
      for await (const { key } of store.list('well-out')) left.push(key);
      expect(left).toEqual([]);
    },
    TIMEOUT,
  );

  test.each([
    ['buckets that are missing', {}, 'bucket unwell-in', /clearcut setup/],
    [
      'a wrong secret',
      { CLEARCUT_S3_SECRET_ACCESS_KEY: 'wrong-secret' },
      'S3 credentials',
      /SECRET_ACCESS_KEY/,
    ],
    ['an unknown key', { CLEARCUT_S3_ACCESS_KEY_ID: 'nobody' }, 'S3 credentials', /ACCESS_KEY_ID/],
    [
      'a server that is away',
      { CLEARCUT_S3_ENDPOINT: 'http://127.0.0.1:9' },
      'S3 endpoint',
      /CLEARCUT_S3_ENDPOINT/,
    ],
    ['a broker that is away', { CLEARCUT_NATS_URL: 'nats://127.0.0.1:9' }, 'NATS', /CLEARCUT_NATS_URL/],
    ['no notification', { CLEARCUT_INPUT_BUCKET: 'well-out' }, 'notification', /clearcut setup/],
  ])(
    'doctor tells of %s, and how to mend it',
    async (_, wrong, name, remedy) => {
      const lines = await doctor({ ...settings('unwell'), ...wrong });
      expect(lines.get(name)).toMatchObject({ status: 'wrong', remedy: expect.stringMatching(remedy) });
    },
    TIMEOUT,
  );
});

const describeMoto = await describeWith('moto');

describeMoto('clearcut setup on a server like AWS', () => {
  let moto: MotoServer;
  let queueUrl: string;

  beforeAll(async () => {
    moto = await startMoto();
    const { endpoint, region, accessKeyId, secretAccessKey } = moto;
    const sqs = new SQSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    const queue = await sqs.send(new CreateQueueCommand({ QueueName: 'clearcut-events' }));
    queueUrl = queue.QueueUrl ?? '';
    sqs.destroy();
  });

  afterAll(async () => moto?.stop());

  test(
    'sends events to the SQS queue itself, allows the origins, and names the queue in the policy',
    async () => {
      const env = {
        ...settingsOf(moto, 'aws'),
        CLEARCUT_EVENTS: 'sqs',
        CLEARCUT_SQS_URL: queueUrl,
        CLEARCUT_S3_CORS_ORIGINS: 'https://shop.example,https://admin.example',
      };
      const report = await setup(env);
      expect(statusesOf(report)).toMatchObject({
        'bucket aws-in': 'done',
        'notification of aws-in': 'done',
        'CORS of aws-in': 'done',
        'CORS of aws-out': 'done',
      });
      const statement = report.policy.Statement.find(({ Sid }) => Sid === 'TakeEvents');
      expect(statement?.Resource).toEqual([
        expect.stringMatching(/^arn:aws:sqs:us-east-1:\d+:clearcut-events$/),
      ]);
      expect(new Set((await setup(env)).steps.map(({ status }) => status))).toEqual(new Set(['unchanged']));
    },
    TIMEOUT,
  );
});
