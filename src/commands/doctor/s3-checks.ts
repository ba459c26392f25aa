import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { outputPrefixesOf } from '../../config/cross-checks.js';
import type { Config } from '../../config/schema.js';
import { ClearcutError } from '../../errors.js';
import type { ObjectStore } from '../../storage/object-store.js';
import { createS3Clients } from '../../storage/s3/client.js';
import { clockDifference, toS3Error } from '../../storage/s3/errors.js';
import { openStore } from '../context.js';
import { bucketsOf } from '../option-policy.js';
import { isTold, readNotification } from '../setup/notification.js';
import type { S3Server } from '../setup/s3-calls.js';
import { PUSHED_SOURCES } from '../setup/s3-steps.js';
import { describeQueue } from '../setup/sqs-queue.js';
import { Advice, type Check, check, hasCode } from './check.js';

/** S3 refuses requests whose time differs by 15 minutes; links expire by the server's clock, so less is too much. */
const CLOCK_TOLERANCE = 60_000;

/** Each of the things that must be right between here and the S3 server, tried in earnest. */
export async function s3Checks(config: Config): Promise<Check[]> {
  // What the store warns of, the checks below say with a remedy.
  const onWarning = () => {};
  let server: S3Server;
  let store: ObjectStore;
  try {
    server = await createS3Clients(config.s3);
    ({ store } = await openStore(config, { onWarning }));
  } catch (thrown) {
    return [await check('S3 settings', () => Promise.reject(thrown))];
  }
  const { bucket: input } = config.input;
  const { bucket: output } = config.output;

  let difference: number | undefined;
  const endpoint = await check('S3 endpoint', async () => {
    difference = await askTime(server, input);
    return `${server.server} answers`;
  });
  // Without an answer all that follows would say the same.
  if (endpoint.status === 'wrong') return [endpoint];
  const checks = [endpoint, await check('clock', async () => judgeClock(difference))];

  const credentials = await check('S3 credentials', () => credentialsWork(store, input));
  if (credentials.status === 'wrong') return [...checks, credentials];
  checks.push(
    credentials,
    await check(`bucket ${input}`, () => canRead(store, input)),
    await check(`bucket ${output}`, () => canWrite(store, config)),
    ...(await Promise.all(
      bucketsOf(config)
        .filter((bucket) => bucket !== input && bucket !== output)
        .map((bucket) => check(`bucket ${bucket}`, () => canBeListed(store, bucket))),
    )),
    await check('conditional writes', () => conditionsHold(config)),
  );
  if (config.events.sources.some((source) => PUSHED_SOURCES.includes(source)))
    checks.push(await check('notification', () => notificationIsThere(server, config)));
  return checks;
}

/** Milliseconds that this machine's clock is ahead of the server's; undefined where the server does not tell. */
async function askTime({ client, server }: S3Server, bucket: string): Promise<number | undefined> {
  let date: string | undefined;
  watchDate(client, (value) => {
    date = value;
  });
  const before = Date.now();
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (thrown) {
    // Whatever the answer is, the server is there; what it means is looked at by the other checks.
    if (date === undefined) throw toS3Error(thrown, { server });
  }
  const serverTime = Date.parse(date ?? '');
  return Number.isNaN(serverTime) ? undefined : (before + Date.now()) / 2 - serverTime;
}

/** Nearest to the network, so that it sees answers which the SDK turns into errors too. */
function watchDate(client: S3Client, onDate: (value: string) => void): void {
  client.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      const { headers } = result.response as { headers?: Record<string, string> };
      onDate(headers?.['date'] ?? '');
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'clearcutWatchDate', override: true },
  );
}

function judgeClock(difference: number | undefined): string {
  if (difference === undefined)
    throw new Advice('the server does not tell the time', "Compare this machine's clock with the server's.");
  const seconds = Math.round(Math.abs(difference) / 1000);
  if (Math.abs(difference) < CLOCK_TOLERANCE) return `within ${Math.max(2, seconds)} s of the server's`;
  const words = clockDifference(Math.round(difference / 60_000));
  throw new ClearcutError('CLOCK_SKEWED', `This machine's clock is ${words} the server's.`);
}

async function credentialsWork(store: ObjectStore, bucket: string): Promise<string> {
  try {
    for await (const _ of store.list(bucket)) break;
  } catch (thrown) {
    // The key and its secret are right; the bucket has a line of its own.
    if (!hasCode(thrown, 'BUCKET_NOT_FOUND', 'ACCESS_DENIED')) throw thrown;
  }
  return 'the access key and its secret are accepted';
}

async function canRead(store: ObjectStore, bucket: string): Promise<string> {
  let example: string | undefined;
  try {
    for await (const { key } of store.list(bucket)) {
      example = key;
      break;
    }
  } catch (thrown) {
    throw withSetup(thrown);
  }
  // Where one object cannot be read, no picture can.
  if (example !== undefined) {
    const { body } = await store.get(bucket, example);
    body.destroy();
    return 'can be listed and read';
  }
  // 404 and not 403: otherwise every new object would look like a forbidden one.
  await store.head(bucket, probeKey(''));
  return 'can be listed; it is empty';
}

/** Only a folder of it may be read. */
async function canBeListed(store: ObjectStore, bucket: string): Promise<string> {
  try {
    for await (const _ of store.list(bucket)) break;
    return 'can be listed';
  } catch (thrown) {
    throw withSetup(thrown);
  }
}

async function canWrite(store: ObjectStore, { output }: Config): Promise<string> {
  const { bucket } = output;
  for (const prefix of outputPrefixesOf(output)) {
    const key = probeKey(prefix);
    try {
      await store.put(bucket, key, Buffer.from(key));
      const { body } = await store.get(bucket, key);
      if ((await text(body)) !== key)
        throw new ClearcutError('STORE_UNAVAILABLE', 'What was written is not what was read.', {
          bucket,
          key,
        });
    } catch (thrown) {
      throw withSetup(thrown);
    }
    await store.delete(bucket, key);
  }
  return 'can be written, read and deleted from';
}

/**
 * Writers that meet rely on these. The store proves them at the first write of each kind, and warns where the server
 * takes no conditions: then the last writer wins instead of the first.
 */
async function conditionsHold(config: Config): Promise<string> {
  const { bucket, recordPrefix } = config.output;
  const warnings: string[] = [];
  const { store } = await openStore(config, { onWarning: (message) => warnings.push(message) });
  const key = probeKey(recordPrefix);
  try {
    const { etag } = await store.put(bucket, key, Buffer.from('first'), { ifNoneMatch: '*' });
    await store.put(bucket, key, Buffer.from('second'), { ifMatch: etag });
    const refused = await store.put(bucket, key, Buffer.from('third'), { ifMatch: etag }).then(
      () => false,
      (thrown: unknown) => hasCode(thrown, 'PRECONDITION_FAILED'),
    );
    if (warnings.length === 0 && refused) return 'If-None-Match and If-Match are honoured';
  } finally {
    await store.delete(bucket, key);
  }
  throw new Advice(
    warnings[0] ?? 'the server wrote over an object although a condition forbade it',
    'Run one service only on these buckets, or use a server that honours conditions (AWS, MinIO, Ceph).',
  );
}

async function notificationIsThere(server: S3Server, config: Config): Promise<string> {
  const { input, delivery, events } = config;
  const targetArn =
    events.targetArn || (events.sources.includes('sqs') ? (await describeQueue(config)).arn : '');
  if (targetArn === '') {
    throw new Advice('no target is set, so this cannot be checked', 'Set CLEARCUT_EVENTS_TARGET_ARN.');
  }
  const current = await readNotification(server, input.bucket);
  const { bucket, prefix } = input;
  if (isTold(current, { bucket, prefix, targetArn, withRemovals: delivery.removeResults }))
    return `${bucket} tells ${targetArn}`;
  throw new ClearcutError(
    'CONFIG_INVALID',
    `The bucket "${bucket}" does not tell ${targetArn} of its objects.`,
    {
      remedy: 'Run: clearcut setup. Until then only the sweep finds them.',
    },
  );
}

function withSetup(thrown: unknown): unknown {
  if (!hasCode(thrown, 'BUCKET_NOT_FOUND')) return thrown;
  return new ClearcutError(thrown.code, thrown.message, { remedy: 'Run: clearcut setup.', cause: thrown });
}

/** No input has such a name, so no outcome can be meant by it. */
function probeKey(prefix: string): string {
  return `${prefix}.clearcut-probe-${randomUUID()}`;
}
