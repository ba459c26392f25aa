import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { CloudEvent } from 'cloudevents';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createSnsTarget, createSqsTarget } from '../../src/notify/aws-targets.js';
import { createNotifier } from '../../src/notify/notifier.js';
import { eventOf } from '../../src/notify/outcome-event.js';
import { createS3Store } from '../../src/storage/s3/store.js';
import { OUTPUT, placeOf } from '../support/pipeline.js';
import { resultNews } from '../unit/notify/news.js';
import { describeWith } from './servers/available.js';
import { connectionTo } from './servers/connection.js';
import { type MotoServer, startMoto } from './servers/moto.js';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const NEVER = new AbortController().signal;
const MINUTE = 60_000;

const describeServers = await describeWith('moto');

describeServers('events to SQS and SNS', () => {
  let moto: MotoServer;
  let sqs: SQSClient;
  let sns: SNSClient;
  let count = 0;

  beforeAll(async () => {
    moto = await startMoto();
    sqs = new SQSClient(connection());
    sns = new SNSClient(connection());
  });

  afterAll(() => moto?.stop());

  function connection() {
    const { endpoint, region, accessKeyId, secretAccessKey } = moto;
    return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  }

  async function createQueue(isFifo = false): Promise<string> {
    count += 1;
    const command = new CreateQueueCommand({
      QueueName: `outcomes-${count}${isFifo ? '.fifo' : ''}`,
      ...(isFifo && { Attributes: { FifoQueue: 'true' } }),
    });
    return (await sqs.send(command)).QueueUrl ?? '';
  }

  async function received(QueueUrl: string): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    });
    return (await sqs.send(command)).Messages ?? [];
  }

  function sqsTarget(queueUrl: string) {
    const target = createSqsTarget({ ...connection(), queueUrl, timeoutMs: 10_000 });
    onTestFinished(() => target.close());
    return target;
  }

  test('a queue gets the event, with its type and trace as attributes', async () => {
    const queueUrl = await createQueue();
    const target = sqsTarget(queueUrl);
    const event = eventOf(resultNews(), TRACEPARENT);
    expect(await target.send(event, NEVER)).toEqual({ kind: 'sent' });
    const [message] = await received(queueUrl);
    expect(new CloudEvent(JSON.parse(message?.Body ?? ''))).toMatchObject({ id: event.id, subject: 'a.png' });
    const attributes = Object.entries(message?.MessageAttributes ?? {});
    expect(Object.fromEntries(attributes.map(([name, { StringValue }]) => [name, StringValue]))).toEqual({
      'content-type': 'application/cloudevents+json',
      'ce-id': event.id,
      'ce-type': 'clearcut.result',
      traceparent: TRACEPARENT,
    });
    expect(await target.check()).toMatch(/is there$/);
  });

  test('a FIFO queue gets repetitions once', async () => {
    const queueUrl = await createQueue(true);
    const target = sqsTarget(queueUrl);
    for (const etag of ['e1', 'e1', 'e2']) {
      expect(await target.send(eventOf(resultNews(etag)), NEVER)).toEqual({ kind: 'sent' });
    }
    expect(await received(queueUrl)).toHaveLength(2);
  });

  test('a topic passes the event on to its subscribers', async () => {
    const queueUrl = await createQueue();
    const attributes = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
    );
    const { TopicArn: topicArn = '' } = await sns.send(new CreateTopicCommand({ Name: `outcomes-${count}` }));
    await sns.send(
      new SubscribeCommand({
        TopicArn: topicArn,
        Protocol: 'sqs',
        Endpoint: attributes.Attributes?.['QueueArn'],
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
    const target = createSnsTarget({ ...connection(), topicArn, timeoutMs: 10_000 });
    onTestFinished(() => target.close());
    const event = eventOf(resultNews());
    expect(await target.send(event, NEVER)).toEqual({ kind: 'sent' });
    const [message] = await received(queueUrl);
    expect(new CloudEvent(JSON.parse(message?.Body ?? ''))).toMatchObject({ id: event.id });
    expect(message?.MessageAttributes?.['ce-type']?.StringValue).toBe('clearcut.result');
    expect(await target.check()).toMatch(/is there$/);
  });

  test('what does not exist takes nothing', async () => {
    const target = sqsTarget(`${moto.endpoint}/123456789012/nowhere`);
    expect(await target.send(eventOf(resultNews()), NEVER)).toMatchObject({ kind: 'failed' });
    await expect(target.check()).rejects.toThrow(/does not exist/);
  });

  test('the outbox in S3 gives each event of a dead process to one of the others', async () => {
    const store = await createS3Store({ ...connectionTo(moto), onWarning: () => {} });
    await store.ensureBucket('uploads');
    await store.ensureBucket(OUTPUT);
    const queueUrl = await createQueue();
    let time = Date.parse('2026-01-01T00:00:00Z');
    const start = () => {
      const notifier = createNotifier({
        store,
        bucket: OUTPUT,
        prefix: 'events/',
        targets: [sqsTarget(queueUrl)],
        pauses: [1_000],
        intervalMs: MINUTE,
        isShared: true,
        placeOf: (key) => placeOf(key),
        logger: pino({ level: 'silent' }),
        now: () => time,
      });
      onTestFinished(() => notifier.close(0));
      return notifier;
    };
    const dead = start();
    const keys = ['1.png', '2.png', '3.png', '4.png', '5.png'];
    for (const key of keys) {
      const news = resultNews('e1', key);
      await dead.expect(news);
      const record = news.kind === 'result' ? news.record : undefined;
      await store.put(OUTPUT, placeOf(key).recordKey, Buffer.from(JSON.stringify(record)));
    }
    time += MINUTE;
    await Promise.all([start(), start(), start()].map((notifier) => notifier.replay()));
    const subjects = (await received(queueUrl)).map(({ Body = '' }) => JSON.parse(Body).subject);
    expect(subjects.sort()).toEqual(keys);
    for await (const { key } of store.list(OUTPUT, { prefix: 'events/' }))
      expect(key).toBe('nothing is left');
  });
});
