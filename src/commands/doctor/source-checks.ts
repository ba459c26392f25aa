import type { Config } from '../../config/schema.js';
import { listen } from '../../events/minio-listen/connection.js';
import { listenOptionsOf } from '../listen-options.js';
import { countWaiting } from '../setup/nats-stream.js';
import { describeQueue } from '../setup/sqs-queue.js';
import { Advice, type Check, check } from './check.js';

/** Whether each source of events that is asked for can be reached and used. */
export async function sourceChecks(config: Config): Promise<Check[]> {
  const checks: Check[] = [];
  for (const source of new Set(config.events.sources)) {
    if (source === 'nats') checks.push(await check('NATS', () => natsAnswers(config)));
    if (source === 'sqs') checks.push(await check('SQS', () => sqsAnswers(config)));
    if (source === 'minio-listen') checks.push(await check('MinIO events', () => minioTells(config)));
  }
  return checks;
}

async function natsAnswers(config: Config): Promise<string> {
  const waiting = await countWaiting(config);
  const { natsStream, natsConsumer } = config.events;
  if (waiting !== undefined)
    return `the stream ${natsStream} holds ${waiting} events for the consumer ${natsConsumer}`;
  throw new Advice(
    `there is no stream ${natsStream} with a consumer ${natsConsumer} yet`,
    'Run: clearcut setup. What is published before is lost.',
  );
}

async function sqsAnswers(config: Config): Promise<string> {
  const { arn, waiting } = await describeQueue(config);
  return `${arn} holds about ${waiting} events`;
}

async function minioTells(config: Config): Promise<string> {
  const stopping = new AbortController();
  try {
    await listen(await listenOptionsOf(config), () => {}, stopping.signal);
    return `${config.s3.endpoint} tells of ${config.input.bucket}`;
  } finally {
    stopping.abort();
  }
}
