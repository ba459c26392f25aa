import type { NotificationConfiguration } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { isTold, type NotificationWish, withOurRule } from '../../../src/commands/setup/notification.js';
import { leastPrivilegePolicy } from '../../../src/commands/setup/policy.js';
import { reconcile } from '../../../src/commands/setup/rules.js';
import { takeStep, UnsupportedByServer } from '../../../src/commands/setup/step.js';
import { loadConfig } from '../../../src/config/load.js';

const QUEUE = 'arn:minio:sqs::CLEARCUT:nats';
const TOPIC = 'arn:aws:sns:eu-central-1:1:uploads';
const WISH: NotificationWish = {
  bucket: 'uploads',
  targetArn: QUEUE,
  prefix: 'photos/',
  withRemovals: false,
};

describe('the rule of the notification', () => {
  const theirs: NotificationConfiguration = {
    QueueConfigurations: [{ Id: 'theirs', QueueArn: 'arn:aws:sqs:::other', Events: ['s3:ObjectRemoved:*'] }],
    LambdaFunctionConfigurations: [
      { Id: 'lambda', LambdaFunctionArn: 'arn:aws:lambda:::f', Events: ['s3:ObjectCreated:Put'] },
    ],
    EventBridgeConfiguration: {},
  };

  test('is added beside those of others', () => {
    const { isChanged, configuration } = withOurRule(theirs, WISH);
    expect(isChanged).toBe(true);
    expect(configuration).toMatchObject({
      LambdaFunctionConfigurations: theirs.LambdaFunctionConfigurations,
      EventBridgeConfiguration: {},
      QueueConfigurations: [{ Id: 'theirs' }, { Id: 'clearcut', QueueArn: QUEUE }],
    });
  });

  test('is not written twice, however the server spells it', () => {
    const { configuration } = withOurRule(theirs, WISH);
    const spelt = structuredClone(configuration);
    const filter = spelt.QueueConfigurations?.[1]?.Filter?.Key?.FilterRules?.[0];
    if (filter !== undefined) Object.assign(filter, { Name: 'Prefix' });
    expect(withOurRule(spelt, WISH)).toEqual({ isChanged: false, configuration: spelt });
  });

  test('is replaced where the settings changed', () => {
    const { configuration } = withOurRule({}, WISH);
    const moved = withOurRule(configuration, { ...WISH, prefix: 'scans/', withRemovals: true });
    expect(moved.isChanged).toBe(true);
    expect(moved.configuration.QueueConfigurations).toMatchObject([
      {
        Id: 'clearcut',
        Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'],
        Filter: { Key: { FilterRules: [{ Value: 'scans/' }] } },
      },
    ]);
  });

  test('moves from a queue to a topic', () => {
    const { configuration } = withOurRule({}, WISH);
    const moved = withOurRule(configuration, { ...WISH, targetArn: TOPIC });
    expect(moved.configuration.QueueConfigurations).toEqual([]);
    expect(moved.configuration.TopicConfigurations).toMatchObject([{ Id: 'clearcut', TopicArn: TOPIC }]);
  });

  test.each([
    ['for the whole bucket', {}, true],
    [
      'for the same folder',
      { Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'photos/' }] } } },
      true,
    ],
    [
      'for another folder',
      { Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'scans/' }] } } },
      false,
    ],
    ['for some endings', { Filter: { Key: { FilterRules: [{ Name: 'suffix', Value: '.jpg' }] } } }, false],
    ['to another target', { QueueArn: 'arn:aws:sqs:::other' }, false],
    ['of some ways of creating', { Events: ['s3:ObjectCreated:Put'] }, false],
  ] as const)('a rule of somebody else %s does as well: %s %s', (_, difference, expected) => {
    const rule = { Id: 'theirs', QueueArn: QUEUE, Events: ['s3:ObjectCreated:*'], ...difference };
    const current = { QueueConfigurations: [rule] } as NotificationConfiguration;
    expect(isTold(current, WISH)).toBe(expected);
  });
});

describe('rules of a bucket', () => {
  interface Rule {
    readonly id: string;
    readonly days: number;
  }
  const theirs: Rule = { id: 'theirs', days: 1 };
  const ours: Rule = { id: 'clearcut', days: 30 };
  const masks: Rule = { id: 'clearcut-masks', days: 30 };
  const merge = (current: Rule[], wanted: Rule[]) =>
    reconcile(
      current,
      wanted,
      ({ id }) => id,
      (rule) => rule,
    );

  test.each([
    ['added', [theirs], [ours], true, [theirs, ours]],
    ['kept', [ours, theirs], [ours], false, [ours, theirs]],
    ['changed', [ours, theirs], [{ ...ours, days: 7 }], true, [theirs, { ...ours, days: 7 }]],
    ['taken away', [ours, theirs], [], true, [theirs]],
    ['not there and not wanted', [theirs], [], false, [theirs]],
    ['one of two', [ours, theirs], [ours, masks], true, [theirs, ours, masks]],
    ['two, in another order', [masks, theirs, ours], [ours, masks], false, [masks, theirs, ours]],
    ['two, both taken away', [masks, theirs, ours], [], true, [theirs]],
  ])('ours is %s', (_, current, wanted, isChanged, rules) => {
    expect(merge(current, wanted)).toEqual({ isChanged, rules });
  });
});

describe('a step', () => {
  const missing = (apply: () => Promise<void>) => ({
    name: 'it',
    plan: async () => ({ state: 'missing' as const, detail: 'to be made', apply }),
  });

  test('is taken where something is missing, and only planned in a dry run', async () => {
    let taken = 0;
    const step = missing(async () => {
      taken += 1;
    });
    expect(await takeStep(step, true)).toEqual({ name: 'it', status: 'planned', detail: 'to be made' });
    expect(taken).toBe(0);
    expect(await takeStep(step, false)).toMatchObject({ status: 'done' });
    expect(taken).toBe(1);
  });

  test('that the server does not know is told with what to do instead; other failures end the setup', async () => {
    const unsupported = missing(() => Promise.reject(new UnsupportedByServer('no such thing', 'do that')));
    expect(await takeStep(unsupported, false)).toEqual({
      name: 'it',
      status: 'unsupported',
      detail: 'no such thing',
      remedy: 'do that',
    });
    const failing = missing(() => Promise.reject(new Error('broken')));
    await expect(takeStep(failing, false)).rejects.toThrow('broken');
  });
});

describe('the policy', () => {
  const policyFor = (env: Record<string, string>, queueArn?: string) =>
    leastPrivilegePolicy(
      loadConfig({ cwd: '/nowhere', env: { CLEARCUT_STORE: 's3', ...env } }).config,
      queueArn,
    );

  test('lets nothing be written or deleted outside the folders of the output, nor input be deleted', () => {
    const { Statement } = policyFor({ CLEARCUT_INPUT_PREFIX: 'photos/' });
    const deleting = Statement.filter(({ Action }) => Action.includes('s3:DeleteObject'));
    expect(deleting.flatMap(({ Resource }) => Resource)).toEqual([
      'arn:aws:s3:::results/cutouts/*',
      'arn:aws:s3:::results/masks/*',
      'arn:aws:s3:::results/records/*',
      'arn:aws:s3:::results/dead-letters/*',
      'arn:aws:s3:::results/api/*',
    ]);
    const reading = Statement.filter(({ Sid }) => Sid === 'ReadInput');
    expect(reading[0]?.Resource).toEqual(['arn:aws:s3:::uploads/photos/*']);
    expect(Statement.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
  });

  test('allows the folder of events that go out, and their topic, only where there are targets', () => {
    const arn = 'arn:aws:sns:eu-central-1:1:outcomes';
    const { Statement } = policyFor({ CLEARCUT_NOTIFY_SNS_ARN: arn });
    const resources = Statement.flatMap(({ Resource }) => Resource);
    expect(resources).toEqual(expect.arrayContaining(['arn:aws:s3:::results/events/*', arn]));
    expect(JSON.stringify(policyFor({}))).not.toMatch(/events|sns/);
  });

  test('lets tags be read only where they are, and backgrounds where they lie', () => {
    const read = (env: Record<string, string>) =>
      policyFor(env).Statement.filter(({ Sid }) => /^Read|^List/.test(Sid));
    expect(read({})).toMatchObject([
      { Resource: ['arn:aws:s3:::uploads', 'arn:aws:s3:::results'] },
      { Action: ['s3:GetObject'] },
      { Resource: ['arn:aws:s3:::uploads/backgrounds/*'] },
    ]);
    expect(read({ CLEARCUT_READ_TAGS: 'true', CLEARCUT_BACKGROUND_BUCKET: 'scenes' })).toMatchObject([
      { Resource: ['arn:aws:s3:::uploads', 'arn:aws:s3:::results', 'arn:aws:s3:::scenes'] },
      { Action: ['s3:GetObject', 's3:GetObjectTagging'] },
      { Resource: ['arn:aws:s3:::scenes/backgrounds/*'] },
    ]);
  });

  test('names the queue only where there is one, and listening only where it is asked for', () => {
    const sids = (env: Record<string, string>, arn?: string) =>
      policyFor(env, arn).Statement.map(({ Sid }) => Sid);
    expect(sids({})).not.toContain('TakeEvents');
    expect(sids({}, 'arn:aws:sqs:::q')).toContain('TakeEvents');
    expect(sids({})).not.toContain('Listen');
    const listening = { CLEARCUT_EVENTS: 'minio-listen', CLEARCUT_S3_ENDPOINT: 'http://minio:9000' };
    expect(sids(listening)).toContain('Listen');
  });
});
