import {
  type Event,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  type QueueConfiguration,
  type TopicConfiguration,
} from '@aws-sdk/client-s3';
import { RULE_ID, reconcile } from './rules.js';
import { callS3, type S3Server, unless } from './s3-calls.js';
import type { Plan, Step } from './step.js';

export interface NotificationWish {
  readonly bucket: string;
  /** Of a queue (`arn:...:sqs:...`, also what MinIO calls its targets) or a topic (`arn:...:sns:...`). */
  readonly targetArn: string;
  /** Only keys that start with this. */
  readonly prefix: string;
  /** Whether to tell of removed objects too. */
  readonly withRemovals: boolean;
}

type Rule = QueueConfiguration | TopicConfiguration;

/** The rule that makes the server tell of the input. Rules of others stay. */
export function notificationStep(s3: S3Server, wish: NotificationWish): Step {
  const { client, server } = s3;
  const { bucket, targetArn } = wish;
  const remedy = `Check that ${targetArn} exists and may be sent to by the bucket "${bucket}" (on AWS: its access policy allows sqs:SendMessage to s3.amazonaws.com), and that no other rule has the same prefix.`;
  return {
    name: `notification of ${bucket}`,
    async plan(): Promise<Plan> {
      const current = await readNotification(s3, bucket);
      const { isChanged, configuration } = withOurRule(current, wish);
      const detail = `created${wish.withRemovals ? ' and removed' : ''} objects to ${targetArn}`;
      if (!isChanged) return { state: 'unchanged', detail };
      return {
        state: 'missing',
        detail,
        apply: () =>
          callS3({ server, bucket, remedy }, async () => {
            await client.send(
              new PutBucketNotificationConfigurationCommand({
                Bucket: bucket,
                NotificationConfiguration: configuration,
              }),
            );
          }),
      };
    },
  };
}

/** The rules of a bucket, none where there is no bucket. */
export async function readNotification(
  { client, server }: S3Server,
  bucket: string,
): Promise<NotificationConfiguration> {
  return callS3({ server, bucket }, async () => {
    const command = new GetBucketNotificationConfigurationCommand({ Bucket: bucket });
    const answer = await unless(['NoSuchBucket'], () => client.send(command));
    const { $metadata, ...configuration } = answer ?? { $metadata: {} };
    return configuration;
  });
}

/** Whether some rule, ours or not, tells this target of everything that is wished for. */
export function isTold(current: NotificationConfiguration, wish: NotificationWish): boolean {
  const rules = [...(current.QueueConfigurations ?? []), ...(current.TopicConfigurations ?? [])];
  return rules.some((rule) => {
    const { arn, events, prefix, otherFilters } = describe(rule);
    return (
      arn === wish.targetArn &&
      !otherFilters &&
      wish.prefix.startsWith(prefix) &&
      eventsOf(wish).every((event) => events.includes(event))
    );
  });
}

/** The configuration with our rule in it. Pure. */
export function withOurRule(
  current: NotificationConfiguration,
  wish: NotificationWish,
): { readonly isChanged: boolean; readonly configuration: NotificationConfiguration } {
  if (isTold(current, wish)) return { isChanged: false, configuration: current };
  const isTopic = /^arn:[^:]+:sns:/.test(wish.targetArn);
  const rule = {
    Id: RULE_ID,
    Events: eventsOf(wish),
    ...(wish.prefix !== '' && {
      Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: wish.prefix }] } },
    }),
  };
  const queue = isTopic ? undefined : { ...rule, QueueArn: wish.targetArn };
  const topic = isTopic ? { ...rule, TopicArn: wish.targetArn } : undefined;
  const idOf = (existing: Rule) => existing.Id;
  const queues = reconcile<QueueConfiguration>(
    current.QueueConfigurations ?? [],
    queue === undefined ? [] : [queue],
    idOf,
    describe,
  );
  const topics = reconcile<TopicConfiguration>(
    current.TopicConfigurations ?? [],
    topic === undefined ? [] : [topic],
    idOf,
    describe,
  );
  return {
    isChanged: queues.isChanged || topics.isChanged,
    configuration: {
      ...current,
      QueueConfigurations: queues.rules,
      TopicConfigurations: topics.rules,
    },
  };
}

function eventsOf({ withRemovals }: NotificationWish): Event[] {
  return withRemovals ? ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'] : ['s3:ObjectCreated:*'];
}

/** A rule without what servers write in different ways: the case of filter names and the order of events. */
function describe(rule: Rule) {
  const filters = rule.Filter?.Key?.FilterRules ?? [];
  const prefix = filters.find(({ Name }) => Name?.toLowerCase() === 'prefix')?.Value ?? '';
  const otherFilters = filters.some(({ Name, Value }) => Name?.toLowerCase() !== 'prefix' && Value);
  const arn = 'TopicArn' in rule ? rule.TopicArn : 'QueueArn' in rule ? rule.QueueArn : undefined;
  return { arn, events: [...(rule.Events ?? [])].sort(), prefix, otherFilters };
}
