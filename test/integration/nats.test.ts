import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { headers, nanos } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/events/event-source.js';
import { createNatsSource } from '../../src/events/nats-source.js';
import type { Consumer } from '../contracts/consumer.js';
import { describeEventSource } from '../contracts/event-source.js';
import { minioRecord } from '../support/minio-notification.js';
import { until } from '../support/until.js';
import { BUCKET, BYTES, benchForNats } from './nats-bench.js';
import { describeWith } from './servers/available.js';

const describeServers = await describeWith('nats');

describeServers('NATS source', () => {
  const bench = benchForNats();

  describeEventSource(
    'NATS JetStream',
    async () => {
      const options = bench.freshOptions();
      const source = createNatsSource(options);
      return {
        source,
        bucket: BUCKET,
        started: source.started,
        createObject: async (key, bytes) => {
          await bench.publishObject(options.subject, key, bytes);
        },
        close: () => source.close(),
      };
    },
    { nackDelayMs: 200 },
  );

  test('the stream is kept on disk and hands each event to one consumer, without a limit of attempts', async () => {
    const options = bench.freshOptions({ ackWaitMs: 12_000 });
    await bench.start(options);
    const manager = await jetstreamManager(bench.nats);
    const { config } = await manager.streams.info(options.stream);
    expect(config).toMatchObject({
      subjects: [options.subject],
      storage: StorageType.File,
      retention: RetentionPolicy.Workqueue,
    });
    const info = await manager.consumers.info(options.stream, options.consumer);
    expect(info.config).toMatchObject({
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(12_000),
      max_deliver: -1,
      filter_subject: options.subject,
    });
  });

  test('a delivery has the trace of its message, and the source tells what waits', async () => {
    const options = bench.freshOptions();
    const { source, consumer } = await bench.start(options);
    expect(await source.backlog?.()).toEqual({ waiting: 0, oldestMs: 0 });
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const traced = headers();
    traced.set('traceparent', traceparent);
    const body = JSON.stringify({ Records: [minioRecord(BUCKET, 'cat.jpg', BYTES)] });
    await jetstream(bench.nats).publish(options.subject, body, { headers: traced });
    for (const key of ['dog.jpg', 'cow.jpg']) await bench.publishObject(options.subject, key);
    const first = await consumer.next();
    expect([first.event.key, first.traceparent]).toEqual(['cat.jpg', traceparent]);
    await until(async () => (await source.backlog?.())?.waiting === 2);
    expect((await source.backlog?.())?.oldestMs).toBeGreaterThan(0);
    await first.ack();
    const second = await consumer.next();
    expect(second.traceparent).toBeUndefined();
  });

  test('an acked event is gone from the stream when ack has resolved', async () => {
    const options = bench.freshOptions();
    const { consumer } = await bench.start(options);
    await bench.publishObject(options.subject, 'cat.jpg');
    const delivery = await consumer.next();
    expect(await bench.pendingOf(options)).toBe(1);
    await delivery.ack();
    expect(await bench.pendingOf(options)).toBe(0);
  });

  test('events that were published while nobody consumed are delivered', async () => {
    const options = bench.freshOptions();
    const { source, consumer } = await bench.start(options);
    await consumer.stop();
    await bench.publishObject(options.subject, 'cat.jpg');
    expect((await bench.consume(source).next()).event.key).toBe('cat.jpg');
  });

  test('two consumers of one durable never have the same event at once, and lose none', async () => {
    const options = bench.freshOptions();
    const [one, two] = [await bench.start(options), await bench.start(options)];
    const keys = Array.from({ length: 60 }, (_, index) => `${index}.jpg`);
    const inFlight = new Set<string>();
    const done: string[] = [];
    const byWhom: [number, number] = [0, 0];

    async function work(consumer: Consumer, who: 0 | 1): Promise<void> {
      while (done.length < keys.length) {
        const delivery = await Promise.race([consumer.next(), allDone]);
        if (delivery === undefined) return;
        expect(inFlight.has(delivery.event.key)).toBe(false);
        inFlight.add(delivery.event.key);
        await delivery.extend();
        byWhom[who] += 1;
        inFlight.delete(delivery.event.key);
        await delivery.ack();
        done.push(delivery.event.key);
        if (done.length === keys.length) finish();
      }
    }
    let finish = () => {};
    const allDone = new Promise<undefined>((resolve) => {
      finish = () => resolve(undefined);
    });

    await Promise.all(keys.map((key) => bench.publishObject(options.subject, key)));
    await Promise.all([work(one.consumer, 0), work(two.consumer, 1)]);
    expect(done.sort()).toEqual(keys.sort());
    expect(Math.min(...byWhom)).toBeGreaterThan(0);
  });

  test('nothing is taken from the server before the consumer asks for it', async () => {
    const options = bench.freshOptions();
    const { consumer } = await bench.start(options);
    await Promise.all(['a.jpg', 'b.jpg', 'c.jpg'].map((key) => bench.publishObject(options.subject, key)));
    await consumer.next();
    const manager = await jetstreamManager(bench.nats);
    const info = await manager.consumers.info(options.stream, options.consumer);
    expect([info.num_ack_pending, info.num_pending]).toEqual([1, 2]);
  });

  test('an event without a sign of life is handed out again, one that is extended is not', async () => {
    const options = bench.freshOptions({ ackWaitMs: 1_000 });
    const { consumer } = await bench.start(options);
    await bench.publishObject(options.subject, 'extended.jpg');
    const extended = await consumer.nextOf('extended.jpg');
    const beat = setInterval(() => void extended.extend(), 200);
    try {
      await bench.publishObject(options.subject, 'silent.jpg');
      const silent = await consumer.nextOf('silent.jpg');
      const again = await consumer.next();
      expect([again.event.key, again.attempt]).toEqual(['silent.jpg', silent.attempt + 1]);
      await again.ack();
    } finally {
      clearInterval(beat);
    }
    await extended.ack();
    expect(consumer.seen.filter((key) => key === 'extended.jpg')).toHaveLength(1);
    expect(await bench.pendingOf(options)).toBe(0);
  });

  test('a message with several records is several deliveries, acked when all have ended', async () => {
    const options = bench.freshOptions();
    const { consumer } = await bench.start(options);
    const Records = ['a.jpg', 'b.jpg', 'c.jpg'].map((key) => minioRecord(BUCKET, key, BYTES));
    await bench.publish(options.subject, JSON.stringify({ Records }));
    const deliveries = [await consumer.next(), await consumer.next(), await consumer.next()];
    expect(deliveries.map(({ event }) => event.key)).toEqual(['a.jpg', 'b.jpg', 'c.jpg']);
    const [first, second, third] = deliveries as [Delivery, Delivery, Delivery];
    await third.ack();
    await first.terminate('no image');
    expect(await bench.pendingOf(options)).toBe(1);
    await second.ack();
    expect(await bench.pendingOf(options)).toBe(0);
  });

  test('a message with several records comes again when one of them was nacked', async () => {
    const options = bench.freshOptions();
    const { consumer } = await bench.start(options);
    const Records = ['a.jpg', 'b.jpg'].map((key) => minioRecord(BUCKET, key, BYTES));
    await bench.publish(options.subject, JSON.stringify({ Records }));
    const [first, second] = [await consumer.next(), await consumer.next()];
    await first.nack(0);
    await second.ack();
    const again = [await consumer.next(), await consumer.next()];
    expect(again.map(({ event, attempt }) => [event.key, attempt])).toEqual([
      ['a.jpg', 2],
      ['b.jpg', 2],
    ]);
  });

  test('a message that is no S3 event is removed with an error in the log, and those behind it come', async () => {
    const options = bench.freshOptions({ logger: bench.logger });
    const { consumer } = await bench.start(options);
    await bench.publish(options.subject, 'poison');
    await bench.publishObject(options.subject, 'cat.jpg');
    const delivery = await consumer.next();
    expect(delivery.event.key).toBe('cat.jpg');
    await delivery.ack();
    await until(async () => (await bench.pendingOf(options)) === 0);
    expect(bench.warnings).toHaveLength(1);
    expect(bench.warnings[0]).toMatchObject({ level: 50, body: 'poison', subject: options.subject });
  });

  test('a test event of S3 is taken and forgotten', async () => {
    const options = bench.freshOptions({ logger: bench.logger });
    await bench.start(options);
    await bench.publish(options.subject, JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent' }));
    await until(async () => (await bench.pendingOf(options)) === 0);
    expect(bench.warnings).toEqual([]);
  });

  test('a delivery can be acked after the consumer has left', async () => {
    const options = bench.freshOptions();
    const { consumer } = await bench.start(options);
    await bench.publishObject(options.subject, 'cat.jpg');
    const delivery = await consumer.next();
    await consumer.stop();
    await delivery.ack();
    expect(await bench.pendingOf(options)).toBe(0);
  });

  test('close hands what is in flight to others at once', async () => {
    const options = bench.freshOptions({ ackWaitMs: 600_000 });
    const leaving = await bench.start(options);
    await bench.publishObject(options.subject, 'cat.jpg');
    await leaving.consumer.next();
    await leaving.consumer.stop();
    await leaving.source.close();
    const { consumer } = await bench.start(options);
    const delivery = await consumer.next();
    expect([delivery.event.key, delivery.attempt]).toEqual(['cat.jpg', 2]);
  });

  test('of a message with several records, what was not handed out comes again after an abort', async () => {
    const options = bench.freshOptions({ ackWaitMs: 600_000 });
    const leaving = await bench.start(options);
    const Records = ['a.jpg', 'b.jpg'].map((key) => minioRecord(BUCKET, key, BYTES));
    await bench.publish(options.subject, JSON.stringify({ Records }));
    const first = await leaving.consumer.next();
    await leaving.consumer.stop();
    await first.ack();
    const { consumer } = await bench.start(options);
    expect((await consumer.nextOf('b.jpg')).attempt).toBe(2);
  });

  test('every connection is closed when the consumer has left and nothing is in flight', async () => {
    const options = bench.freshOptions();
    const { consumer } = await bench.start(options);
    await bench.publishObject(options.subject, 'cat.jpg');
    await (await consumer.next()).ack();
    await consumer.stop();
    const manager = await jetstreamManager(bench.nats);
    await until(
      async () => (await manager.consumers.info(options.stream, options.consumer)).num_waiting === 0,
    );
  });
});
