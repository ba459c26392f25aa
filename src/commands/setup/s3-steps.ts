import type { Config } from '../../config/schema.js';
import { ClearcutError } from '../../errors.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { createS3Clients } from '../../storage/s3/client.js';
import { openStore } from '../context.js';
import { bucketsOf } from '../option-policy.js';
import { corsStep } from './cors.js';
import { lifecycleStep } from './lifecycle.js';
import { natsStreamStep } from './nats-stream.js';
import { notificationStep } from './notification.js';
import { leastPrivilegePolicy, type Policy } from './policy.js';
import type { S3Server } from './s3-calls.js';
import { describeQueue } from './sqs-queue.js';
import type { Plan, Step } from './step.js';

interface S3StepsOptions {
  readonly config: Config;
  readonly server: S3Server;
  readonly store: ObjectStore;
  /** Where the server is to send events; undefined where nobody has said, or no source needs it. */
  readonly targetArn: string | undefined;
}

/** Sources that the server sends events to, so that it has to be told where. */
export const PUSHED_SOURCES: readonly string[] = ['nats', 'webhook', 'sqs'];

/** What is to be done on the server of the configuration, and the policy that the service needs there. */
export async function openS3Setup(config: Config): Promise<{ steps: Step[]; policy: Policy }> {
  const { store } = await openStore(config);
  const server = await createS3Clients(config.s3);
  const queueArn = config.events.sources.includes('sqs') ? (await describeQueue(config)).arn : undefined;
  const targetArn = config.events.targetArn || queueArn;
  return {
    steps: s3Steps({ config, server, store, targetArn }),
    policy: leastPrivilegePolicy(config, queueArn),
  };
}

/** In the order in which they have to be taken. */
function s3Steps({ config, server, store, targetArn }: S3StepsOptions): Step[] {
  const { input, output, events, s3, delivery } = config;
  const isOneBucket = input.bucket === output.bucket;
  const steps = bucketsOf(config).map((bucket) => bucketStep(store, bucket));

  // Before the notification: what the server publishes while there is no stream is lost.
  if (events.sources.includes('nats')) steps.push(natsStreamStep(config));
  if (targetArn !== undefined) {
    const { bucket, prefix } = input;
    steps.push(notificationStep(server, { bucket, prefix, targetArn, withRemovals: delivery.removeResults }));
  } else if (events.sources.some((source) => PUSHED_SOURCES.includes(source))) {
    steps.push(unknownTarget(input.bucket));
  }

  const origins = s3.corsOrigins;
  steps.push(
    corsStep(server, {
      bucket: input.bucket,
      origins,
      methods: isOneBucket ? ['GET', 'HEAD', 'PUT', 'POST'] : ['PUT', 'POST'],
    }),
  );
  if (!isOneBucket)
    steps.push(corsStep(server, { bucket: output.bucket, origins, methods: ['GET', 'HEAD'] }));
  steps.push(
    lifecycleStep(server, {
      bucket: output.bucket,
      cutoutPrefix: output.cutoutPrefix,
      maskPrefix: output.maskPrefix,
      days: output.expireDays,
    }),
  );
  return steps;
}

function bucketStep(store: ObjectStore, bucket: string): Step {
  return {
    name: `bucket ${bucket}`,
    async plan(): Promise<Plan> {
      if (await bucketExists(store, bucket)) return { state: 'unchanged', detail: 'exists' };
      return { state: 'missing', detail: 'a new bucket', apply: () => store.ensureBucket(bucket) };
    },
  };
}

/** Lists instead of asking for the bucket's head, whose answer never says what is wrong with a key or its secret. */
async function bucketExists(store: ObjectStore, bucket: string): Promise<boolean> {
  try {
    for await (const _ of store.list(bucket)) break;
    return true;
  } catch (error) {
    if (error instanceof ClearcutError && error.code === 'BUCKET_NOT_FOUND') return false;
    throw error;
  }
}

function unknownTarget(bucket: string): Step {
  return {
    name: `notification of ${bucket}`,
    plan: async () => ({
      state: 'wrong',
      detail: 'the server has to be told where to send events, and no target is set',
      remedy:
        'Set CLEARCUT_EVENTS_TARGET_ARN; for a NATS target of MinIO with the id CLEARCUT it is arn:minio:sqs::CLEARCUT:nats.',
    }),
  };
}
