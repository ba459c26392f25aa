import { randomUUID } from 'node:crypto';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { CloudEvent } from 'cloudevents';
import { expect, onTestFinished, test } from 'vitest';
import { createNatsTarget } from '../../src/notify/nats-target.js';
import { eventOf } from '../../src/notify/outcome-event.js';
import { resultNews } from '../unit/notify/news.js';
import { benchForNats } from './nats-bench.js';
import { describeWith } from './servers/available.js';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const NEVER = new AbortController().signal;

const describeServers = await describeWith('nats');

describeServers('events to NATS JetStream', () => {
  const bench = benchForNats();

  function targetFor(subject: string, timeoutMs = 10_000) {
    const target = createNatsTarget({
      servers: [bench.server.url],
      subject,
      timeoutMs,
      logger: bench.logger,
    });
    onTestFinished(() => target.close());
    return target;
  }

  async function createStream() {
    const name = `OUT_${randomUUID().replaceAll('-', '')}`;
    const subject = `out.${name}`;
    await (await jetstreamManager(bench.nats)).streams.add({ name, subjects: [subject] });
    return { name, subject };
  }

  async function messagesOf(stream: string) {
    const manager = await jetstreamManager(bench.nats);
    const { state } = await manager.streams.info(stream);
    await manager.consumers.add(stream, { durable_name: 'reader', ack_policy: AckPolicy.None });
    const consumer = await jetstream(bench.nats).consumers.get(stream, 'reader');
    const messages = [];
    for (let at = 0; at < state.messages; at++) messages.push(await consumer.next());
    return messages;
  }

  test('are stored in the stream, with the trace in a header, and repetitions once', async () => {
    const { name, subject } = await createStream();
    const target = targetFor(subject);
    const event = eventOf(resultNews(), TRACEPARENT);
    expect(await target.send(event, NEVER)).toEqual({ kind: 'sent' });
    expect(await target.send(event, NEVER)).toEqual({ kind: 'sent' });
    expect(await target.send(eventOf(resultNews('e2')), NEVER)).toEqual({ kind: 'sent' });
    const messages = await messagesOf(name);
    expect(messages).toHaveLength(2);
    const first = messages[0];
    expect(first?.headers?.get('content-type')).toBe('application/cloudevents+json');
    expect(first?.headers?.get('traceparent')).toBe(TRACEPARENT);
    const received = new CloudEvent(JSON.parse(first?.string() ?? ''));
    expect(received).toMatchObject({ id: event.id, type: 'clearcut.result', traceparent: TRACEPARENT });
    expect(await target.check()).toBe(`the stream ${name} takes ${subject}`);
  });

  test('to a subject of no stream are not taken', async () => {
    const target = targetFor('out.nobody');
    expect(await target.send(eventOf(resultNews()), NEVER)).toMatchObject({ kind: 'failed' });
    await expect(target.check()).rejects.toThrow(/no JetStream stream takes the subject out\.nobody/);
  });

  test('wait for a server that is away, and go on when it is back', async () => {
    const { name, subject } = await createStream();
    const target = targetFor(subject, 2_000);
    expect(await target.send(eventOf(resultNews('e1')), NEVER)).toEqual({ kind: 'sent' });
    await bench.server.halt('SIGKILL');
    expect(await target.send(eventOf(resultNews('e2')), NEVER)).toMatchObject({ kind: 'failed' });
    await bench.server.resume();
    await bench.reconnected();
    await expect.poll(() => target.send(eventOf(resultNews('e2')), NEVER)).toEqual({ kind: 'sent' });
    const subjects = (await messagesOf(name)).map(
      (message) => JSON.parse(message?.string() ?? '').data.source.etag,
    );
    expect(subjects).toEqual(['e1', 'e2']);
  });
});
