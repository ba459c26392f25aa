import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { pino } from 'pino';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import type { Delivery, EventSource } from '../../src/events/event-source.js';
import { createSqsSource, type SqsSourceOptions } from '../../src/events/sqs-source.js';
import { type Consumer, consume } from '../contracts/consumer.js';
import { describeEventSource } from '../contracts/event-source.js';
import { until } from '../support/until.js';
import { describeWith } from './servers/available.js';
import { type MotoServer, startMoto } from './servers/moto.js';

const logger = pino({ level: 'silent' });
const BYTES = Buffer.from('some bytes');
const TEN = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

const describeServers = await describeWith('moto');

describeServers('SQS', () => {
  let moto: MotoServer;
  let s3: S3Client;
  let sqs: SQSClient;
  let count = 0;

  beforeAll(async () => {
    moto = await startMoto();
    const { endpoint, region, accessKeyId, secretAccessKey } = moto;
    const credentials = { accessKeyId, secretAccessKey };
    s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    sqs = new SQSClient({ endpoint, region, credentials });
  });

  afterAll(() => moto?.stop());

  async function createQueue(): Promise<string> {
    count += 1;
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `events-${count}` }));
    return QueueUrl;
  }

  function createSource(queueUrl: string, more: Partial<SqsSourceOptions> = {}): EventSource {
    const { endpoint, region, accessKeyId, secretAccessKey } = moto;
    const credentials = { accessKeyId, secretAccessKey };
    return createSqsSource({
      queueUrl,
      endpoint,
      region,
      credentials,
      // No test waits for this long: what comes again was given back.
      visibilityTimeoutMs: 600_000,
      logger,
      ...more,
    });
  }

  async function attribute(
    queueUrl: string,
    name: 'ApproximateNumberOfMessages' | 'ApproximateNumberOfMessagesNotVisible',
  ) {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [name] }),
    );
    return Number(Attributes?.[name]);
  }

  const visible = (queueUrl: string) => attribute(queueUrl, 'ApproximateNumberOfMessages');
  const hidden = (queueUrl: string) => attribute(queueUrl, 'ApproximateNumberOfMessagesNotVisible');

  describeEventSource(
    'SQS, events of a bucket',
    async () => {
      const queueUrl = await createQueue();
      const bucket = `uploads-${count}`;
      await s3.send(new CreateBucketCommand({ Bucket: bucket }));
      await s3.send(
        new PutBucketNotificationConfigurationCommand({
          Bucket: bucket,
          NotificationConfiguration: {
            QueueConfigurations: [
              {
                QueueArn: `arn:aws:sqs:${moto.region}:123456789012:events-${count}`,
                Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*'],
              },
            ],
          },
        }),
      );
      return {
        source: createSource(queueUrl),
        bucket,
        createObject: async (Key, Body) => {
          await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
        },
        removeObject: async (Key) => {
          await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
        },
        close: async () => {},
      };
    },
    { nackDelayMs: 1_000 },
  );

  describe('a queue', () => {
    let queueUrl: string;
    let consumer: Consumer;

    beforeEach(async () => {
      queueUrl = await createQueue();
    });

    afterEach(() => consumer.stop());

    const send = (body: unknown) =>
      sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(body) }));

    test('ten messages come with one receive', async () => {
      for (const key of TEN) await send(created(key));
      let receives = 0;
      interceptCalls((command, pass) => {
        if (command instanceof ReceiveMessageCommand) receives += 1;
        return pass();
      });
      consumer = consume(createSource(queueUrl));
      for (const _ of TEN) await (await consumer.next()).ack();
      expect(new Set(consumer.seen)).toEqual(new Set(TEN));
      expect(receives).toBe(1);
    });

    test('the next batch is received when all of the last one was handed out and the consumer asks', async () => {
      for (const key of ['a', 'b', 'c', 'd', 'e']) await send(created(key));
      consumer = consume(createSource(queueUrl, { batchSize: 2 }));
      await consumer.next();
      expect([await hidden(queueUrl), await visible(queueUrl)]).toEqual([2, 3]);
      await consumer.next();
      expect([await hidden(queueUrl), await visible(queueUrl)]).toEqual([2, 3]);
      await consumer.next();
      expect([await hidden(queueUrl), await visible(queueUrl)]).toEqual([4, 1]);
    });

    test('messages that wait to be handed out keep their lease', async () => {
      for (const key of ['a', 'b', 'c']) await send(created(key));
      consumer = consume(createSource(queueUrl, { visibilityTimeoutMs: 2_000 }));
      const first = await consumer.next();
      // Nobody extends the one that was handed out: when its time is over, so would be that of the others.
      await until(async () => (await visible(queueUrl)) > 0);
      expect([await hidden(queueUrl), await visible(queueUrl)]).toEqual([2, 1]);
      const others = [await consumer.next(), await consumer.next()];
      expect(others.map(({ attempt }) => attempt)).toEqual([1, 1]);
      expect(new Set(consumer.seen)).toEqual(new Set(['a', 'b', 'c']));
      const again = await consumer.next();
      expect([again.event.key, again.attempt]).toEqual([first.event.key, 2]);
    });

    test('a message with several events is deleted when the last of them has ended', async () => {
      await send(created('a', 'b', 'c'));
      consumer = consume(createSource(queueUrl));
      const deliveries = [await consumer.next(), await consumer.next(), await consumer.next()];
      expect(consumer.seen).toEqual(['a', 'b', 'c']);
      const [a, b, c] = deliveries;
      await a?.ack();
      // Only its first end counts.
      await a?.ack();
      await a?.nack(0);
      await a?.terminate('too late');
      await c?.terminate('no image');
      expect(await hidden(queueUrl)).toBe(1);
      await b?.ack();
      expect(await hidden(queueUrl)).toBe(0);
      expect(await visible(queueUrl)).toBe(0);
    });

    test('a message with several events comes again as a whole if one of them was given back', async () => {
      await send(created('a', 'b'));
      consumer = consume(createSource(queueUrl));
      await (await consumer.next()).nack(0);
      await (await consumer.next()).ack();
      const again = [await consumer.next(), await consumer.next()];
      expect(again.map(({ event, attempt }) => [event.key, attempt])).toEqual([
        ['a', 2],
        ['b', 2],
      ]);
    });

    test('what was not handed out of a message is there again at once when the consumer leaves', async () => {
      await send(created('a', 'b'));
      consumer = consume(createSource(queueUrl));
      const delivery = await consumer.next();
      await consumer.stop();
      await delivery.ack();
      await until(async () => (await visible(queueUrl)) === 1);
    });

    test('an event can be acked after the consumer has left, so that a service may drain', async () => {
      await send(created('a'));
      consumer = consume(createSource(queueUrl));
      const delivery = await consumer.next();
      await consumer.stop();
      await delivery.ack();
      expect([await visible(queueUrl), await hidden(queueUrl)]).toEqual([0, 0]);
    });

    test('without a sign of life an event is handed out again, with it not', async () => {
      await send(created('a'));
      consumer = consume(createSource(queueUrl, { visibilityTimeoutMs: 2_000 }));
      const delivery = await consumer.next();
      const beat = setInterval(() => void delivery.extend(), 300);
      await sleep(3_000);
      clearInterval(beat);
      expect(await hidden(queueUrl)).toBe(1);
      await until(async () => (await hidden(queueUrl)) === 0);
      expect((await consumer.next()).attempt).toBe(2);
    });

    test('an extension that is still on its way does not undo a nack', async () => {
      await send(created('a'));
      interceptCalls(async (command, pass) => {
        const isExtension =
          command instanceof ChangeMessageVisibilityCommand && command.input.VisibilityTimeout === 600;
        if (isExtension) await sleep(300);
        return pass();
      });
      consumer = consume(createSource(queueUrl));
      const delivery = await consumer.next();
      const extended = delivery.extend();
      await delivery.nack(1_000);
      await extended;
      expect((await consumer.next()).attempt).toBe(2);
    });

    test('events that wait in a message behind others keep their lease', async () => {
      await send(created('a', 'b'));
      consumer = consume(createSource(queueUrl, { visibilityTimeoutMs: 1_000 }));
      const first = await consumer.next();
      await sleep(2_500);
      expect(await hidden(queueUrl)).toBe(1);
      await first.ack();
    });

    test('a message that is no S3 event is neither handed out nor deleted', async () => {
      await send({ order: 17 });
      await send(created('a'));
      consumer = consume(createSource(queueUrl));
      await (await consumer.nextOf('a')).ack();
      expect(consumer.seen).toEqual(['a']);
      expect(await hidden(queueUrl)).toBe(1);
    });

    test('a test event is deleted', async () => {
      await send({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'uploads' });
      await send(created('a'));
      consumer = consume(createSource(queueUrl));
      await (await consumer.nextOf('a')).ack();
      await until(async () => (await visible(queueUrl)) + (await hidden(queueUrl)) === 0);
    });
  });

  describe('a queue that cannot be read', () => {
    test('is named at the start if it does not exist', async () => {
      const queueUrl = `${moto.endpoint}/123456789012/nobody`;
      const consumer = consume(createSource(queueUrl));
      await expect(consumer.next()).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/123456789012\/nobody does not exist/),
      });
    });

    test('is named at the start if nobody answers', async () => {
      const consumer = consume(
        createSource('http://127.0.0.1:9/123456789012/q', { endpoint: 'http://127.0.0.1:9' }),
      );
      await expect(consumer.next()).rejects.toMatchObject({
        code: 'EVENT_SOURCE_UNAVAILABLE',
        message: expect.stringMatching(/127\.0\.0\.1:9.*ECONNREFUSED/),
      });
    });
  });

  describe('a consumer that leaves', () => {
    let queueUrl: string;
    let leaving: AbortController;
    let iterator: AsyncIterator<Delivery, void>;

    beforeEach(async () => {
      queueUrl = await createQueue();
      for (const key of ['a', 'b', 'c']) {
        const MessageBody = JSON.stringify(created(key));
        await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
      }
      leaving = new AbortController();
      iterator = createSource(queueUrl).deliveries(leaving.signal)[Symbol.asyncIterator]();
    });

    test('by an abort gives back at once what waits, also while it is busy and does not ask', async () => {
      const { value: delivery } = await iterator.next();
      leaving.abort();
      await until(async () => (await visible(queueUrl)) === 2);
      expect(await hidden(queueUrl)).toBe(1);
      await delivery?.ack();
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      expect([await visible(queueUrl), await hidden(queueUrl)]).toEqual([2, 0]);
    });

    test('by breaking off has given back what waits when the iteration has ended', async () => {
      const { value: delivery } = await iterator.next();
      await iterator.return?.();
      expect([await visible(queueUrl), await hidden(queueUrl)]).toEqual([2, 1]);
      await delivery?.ack();
      expect([await visible(queueUrl), await hidden(queueUrl)]).toEqual([2, 0]);
    });

    test('when messages arrive gives all of them back', async () => {
      interceptCalls(async (command, pass) => {
        const answer = await pass();
        if (command instanceof ReceiveMessageCommand) leaving.abort();
        return answer;
      });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      );
      expect(Messages.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(['2', '2', '2']);
    });
  });

  test('a delivery has the trace of its message, and the source tells what waits', async () => {
    const queueUrl = await createQueue();
    const source = createSource(queueUrl, { batchSize: 1 });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const send = (key: string, traced: boolean) =>
      sqs.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: JSON.stringify(created(key)),
          ...(traced && {
            MessageAttributes: { traceparent: { DataType: 'String', StringValue: traceparent } },
          }),
        }),
      );
    await send('traced', true);
    const consumer = consume(source);
    expect((await consumer.nextOf('traced')).traceparent).toBe(traceparent);
    await consumer.stop();
    await send('other', false);
    expect(await source.backlog?.()).toEqual({ waiting: 1 });
    const other = consume(source);
    expect((await other.nextOf('other')).traceparent).toBeUndefined();
    await other.stop();
  });

  test('a server that goes away and comes back ends nothing', async () => {
    const other = await startMoto();
    const { endpoint, region, accessKeyId, secretAccessKey } = other;
    const client = new SQSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    const create = async () => {
      const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'events' }));
      return QueueUrl;
    };
    const queueUrl = await create();
    const send = (key: string) =>
      client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(created(key)) }));
    const warnings: string[] = [];
    const warning = pino({ level: 'warn' }, { write: (line) => warnings.push(line) });
    const consumer = consume(createSource(queueUrl, { endpoint, logger: warning }));
    try {
      await send('before');
      const before = await consumer.next();
      const arrival = consumer.nextOf('after');
      await other.halt('SIGKILL');
      await until(() => warnings.length > 0);
      expect(warnings[0]).toMatch(/EVENT_SOURCE_UNAVAILABLE.*cannot receive events; trying again/);
      await other.resume();
      // The queue died with the server: neither of these may throw.
      await before.extend();
      await before.ack();
      await create();
      await send('after');
      expect((await arrival).attempt).toBe(1);
    } finally {
      await consumer.stop();
      await other.stop();
    }
  });

  test('long polls leave no messages behind and receive what arrives meanwhile', async () => {
    const queueUrl = await createQueue();
    const consumer = consume(createSource(queueUrl, { waitSeconds: 1 }));
    const arrival = consumer.next();
    await sleep(1_500);
    await sqs.send(
      new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(created('late')) }),
    );
    await (await arrival).ack();
    await consumer.stop();
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
    expect(Messages).toEqual([]);
  });
});

/** Until the test ends, each call of the SDK goes through `handle`, which passes it on to the server. */
function interceptCalls(handle: (command: unknown, pass: () => Promise<unknown>) => Promise<unknown>): void {
  const { send } = SQSClient.prototype;
  const spy = vi.spyOn(SQSClient.prototype, 'send');
  spy.mockImplementation(function (this: SQSClient, ...args: Parameters<typeof send>) {
    return handle(args[0], () => Reflect.apply(send, this, args));
  } as typeof send);
  onTestFinished(() => spy.mockRestore());
}

function created(...keys: string[]): object {
  return {
    Records: keys.map((key) => ({
      eventName: 'ObjectCreated:Put',
      s3: { bucket: { name: 'uploads' }, object: { key, size: BYTES.length } },
    })),
  };
}
