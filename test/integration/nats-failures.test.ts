import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { AckPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect, nanos } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { consume } from '../contracts/consumer.js';
import { until } from '../support/until.js';
import { benchForNats } from './nats-bench.js';
import { describeWith, pathOf } from './servers/available.js';
import { type RunningServer, startServer } from './servers/server-process.js';

const describeServers = await describeWith('nats');

describeServers('NATS source, where something is wrong', () => {
  const bench = benchForNats();

  test('a restart of NATS in the middle loses nothing and is logged once', async () => {
    const options = bench.freshOptions({ ackWaitMs: 4_000, logger: bench.logger });
    const { consumer } = await bench.start(options);
    await bench.publishObject(options.subject, 'before.jpg');
    await bench.publishObject(options.subject, 'held.jpg');
    await (await consumer.nextOf('before.jpg')).ack();
    const held = await consumer.nextOf('held.jpg');
    await bench.server.halt('SIGKILL');
    await until(() => bench.warnings.length > 0);
    // An image is finished while the broker is away: it has to hand the event out again, which does no harm.
    await held.extend();
    await held.ack();
    await bench.server.resume();
    await bench.reconnected();
    await bench.publishObject(options.subject, 'after.jpg');
    // A crash may also undo the server's memory of an ack.
    while ((await bench.pendingOf(options)) > 0) await (await consumer.next()).ack();
    const since = consumer.seen.slice(2);
    expect(since).toContain('held.jpg');
    expect(since).toContain('after.jpg');
    expect(
      bench.warnings.filter(({ msg }) => String(msg).includes('connection to NATS is lost')),
    ).toHaveLength(1);
  });

  test('a server that is away at the start is waited for', async () => {
    const options = bench.freshOptions({ logger: bench.logger });
    await bench.server.halt();
    const { consumer } = await bench.start(options);
    expect(bench.warnings).toHaveLength(1);
    await bench.server.resume();
    await bench.reconnected();
    await until(async () => (await bench.pendingOf(options).catch(() => -1)) === 0);
    await bench.publishObject(options.subject, 'cat.jpg');
    await (await consumer.next()).ack();
  });

  test('an abort while the server is away ends the iteration', async () => {
    const options = bench.freshOptions();
    const { consumer } = await bench.start(options);
    await bench.server.halt();
    try {
      await expect(consumer.stop()).resolves.toBeUndefined();
      const { consumer: never } = await bench.start(options);
      await expect(never.stop()).resolves.toBeUndefined();
    } finally {
      await bench.server.resume();
      await bench.reconnected();
    }
  });

  test('a consumer that was deleted is made again', async () => {
    const options = bench.freshOptions();
    const { consumer } = await bench.start(options);
    const manager = await jetstreamManager(bench.nats);
    await manager.consumers.delete(options.stream, options.consumer);
    await bench.publishObject(options.subject, 'cat.jpg');
    await (await consumer.next()).ack();
  });

  test('a stream that another subject has is refused with what to do', async () => {
    const options = bench.freshOptions();
    const manager = await jetstreamManager(bench.nats);
    await manager.streams.add({ name: options.stream, subjects: ['something.else'] });
    const consumer = consume(bench.create(options));
    await expect(consumer.next()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      remedy: expect.stringContaining('CLEARCUT_NATS_SUBJECT'),
    });
  });

  test.each([
    ['a subject of another stream', { subject: 'taken.subject' }],
    ['a stream name with a dot', { stream: 'a.b' }],
    ['a consumer name with a dot', { consumer: 'a.b' }],
    ['a subject with a space', { subject: 'a b' }],
  ])('%s is refused', async (_what, more) => {
    const manager = await jetstreamManager(bench.nats);
    await manager.streams.add({ name: 'TAKEN', subjects: ['taken.subject'] });
    const consumer = consume(bench.create(bench.freshOptions(more)));
    await expect(consumer.next()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('a consumer that acks by itself is refused, one with another ack wait is used', async () => {
    const options = bench.freshOptions();
    const manager = await jetstreamManager(bench.nats);
    await manager.streams.add({ name: options.stream, subjects: [options.subject] });
    await manager.consumers.add(options.stream, { durable_name: 'none', ack_policy: AckPolicy.None });
    const refused = consume(bench.create({ ...options, consumer: 'none' }));
    await expect(refused.next()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });

    await manager.consumers.add(options.stream, {
      durable_name: 'patient',
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(77_000),
    });
    const { consumer } = await bench.start({ ...options, consumer: 'patient' });
    await bench.publishObject(options.subject, 'cat.jpg');
    await (await consumer.next()).ack();
    const info = await manager.consumers.info(options.stream, 'patient');
    expect(info.config.ack_wait).toBe(nanos(77_000));
  });

  test('credentials that cannot be read are refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clearcut-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const consumer = consume(bench.create(bench.freshOptions({ credentials: join(folder, 'none.creds') })));
    await expect(consumer.next()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      remedy: expect.stringContaining('CLEARCUT_NATS_CREDENTIALS'),
    });
  });

  describe('a server that knows one user and has no JetStream', () => {
    let server: RunningServer & { port: number };

    beforeAll(async () => {
      server = await startServer({
        path: await pathOf('nats'),
        args: (port) => ['-a', '127.0.0.1', '-p', String(port), '--user', 'ann', '--pass', 'p@ss'],
        isReady: async (port) => {
          await (await connect({ servers: `127.0.0.1:${port}`, user: 'ann', pass: 'p@ss' })).close();
          return true;
        },
      });
    });

    afterAll(() => server?.stop());

    test.each(['', 'ann:wrong@', 'p%40ss@'])('credentials "%s" are refused, and not shown', async (user) => {
      const servers = [`nats://${user}127.0.0.1:${server.port}`];
      const consumer = consume(bench.create(bench.freshOptions({ servers })));
      const error = await consumer.next().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('NATS refuses'),
      });
      expect(inspect(error)).not.toContain('wrong');
    });

    test('the right ones are let in; what is missing is logged once, with what to do', async () => {
      const servers = [`nats://ann:p%40ss@127.0.0.1:${server.port}`];
      const { consumer } = await bench.start(bench.freshOptions({ servers, logger: bench.logger }));
      // Time for a second attempt.
      await sleep(1_200);
      await consumer.stop();
      expect(bench.warnings).toHaveLength(1);
      expect(bench.warnings[0]).toMatchObject({
        err: { code: 'EVENT_SOURCE_UNAVAILABLE', remedy: expect.stringContaining('JetStream') },
      });
    });
  });
});
