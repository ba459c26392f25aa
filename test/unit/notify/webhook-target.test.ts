import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventOf } from '../../../src/notify/outcome-event.js';
import { createWebhookTarget, type WebhookTargetOptions } from '../../../src/notify/webhook-target.js';
import { NEW_SECRET, SECRET, startReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { resultNews } from './news.js';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const EVENT = eventOf(resultNews(), TRACEPARENT);
const NEVER = new AbortController().signal;

function targetAt({ url }: Pick<WebhookReceiver, 'url'>, more: Partial<WebhookTargetOptions> = {}) {
  const target = createWebhookTarget({
    url,
    secrets: [SECRET],
    allowPrivate: true,
    timeoutMs: 10_000,
    ...more,
  });
  onTestFinished(() => target.close());
  return target;
}

describe('what the receiver gets', () => {
  test('is verified by the official library, and is a CloudEvent', async () => {
    const receiver = await startReceiver();
    expect(await targetAt(receiver).send(EVENT, NEVER)).toEqual({ kind: 'sent' });
    expect(receiver.events).toHaveLength(1);
    expect(receiver.events[0]).toMatchObject({ id: EVENT.id, type: 'clearcut.result', subject: 'a.png' });
    expect(receiver.requests[0]?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json',
      'webhook-id': EVENT.id,
      traceparent: TRACEPARENT,
    });
  });

  test.each([
    ['the old', SECRET],
    ['the new', NEW_SECRET],
  ])('while secrets are changed satisfies whoever knows %s one', async (_, known) => {
    const receiver = await startReceiver(known);
    const target = targetAt(receiver, { secrets: [SECRET, NEW_SECRET] });
    expect(await target.send(EVENT, NEVER)).toEqual({ kind: 'sent' });
    expect(receiver.requests[0]?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
  });

  test('does not satisfy whoever knows another secret', async () => {
    const receiver = await startReceiver(NEW_SECRET);
    expect(await targetAt(receiver).send(EVENT, NEVER)).toMatchObject({ kind: 'failed' });
    expect(receiver.events).toEqual([]);
  });

  test('carries the time of the attempt, so that old ones are refused', async () => {
    const receiver = await startReceiver();
    const old = targetAt(receiver, { now: () => Date.now() - 3_600_000 });
    expect(await old.send(EVENT, NEVER)).toMatchObject({ kind: 'failed', reason: 'it answered 401' });
    const headers = receiver.requests[0]?.headers as Record<string, string>;
    expect(() => new Webhook(SECRET).verify(EVENT.body, headers)).toThrow(/too old/);
  });
});

describe('answers', () => {
  test.each([
    [204, { kind: 'sent' }],
    [202, { kind: 'sent' }],
    [500, { kind: 'failed', reason: 'it answered 500' }],
    [410, { kind: 'gone' }],
    [308, { kind: 'failed', reason: 'it answered 308, and redirects are not followed' }],
  ])('%i', async (status, expected) => {
    const receiver = await startReceiver();
    receiver.answer = (_request, response) =>
      void response.writeHead(status, { location: `${receiver.url}&elsewhere` }).end('some text');
    expect(await targetAt(receiver).send(EVENT, NEVER)).toMatchObject(expected);
    expect(receiver.requests).toHaveLength(1);
  });

  test.each([429, 503])('%i with Retry-After says when to come back', async (status) => {
    const receiver = await startReceiver();
    receiver.answer = (_request, response) => void response.writeHead(status, { 'retry-after': '90' }).end();
    expect(await targetAt(receiver).send(EVENT, NEVER)).toMatchObject({
      kind: 'failed',
      retryAfterMs: 90_000,
    });
  });

  test('a long one is cut off and counts all the same', async () => {
    const receiver = await startReceiver();
    receiver.answer = (_request, response) => void response.writeHead(200).end(Buffer.alloc(8 * 1024 * 1024));
    expect(await targetAt(receiver).send(EVENT, NEVER)).toEqual({ kind: 'sent' });
  });

  test('none in time is a failure', async () => {
    const receiver = await startReceiver();
    receiver.answer = () => {};
    expect(await targetAt(receiver, { timeoutMs: 100 }).send(EVENT, NEVER)).toEqual({
      kind: 'failed',
      reason: 'no answer within 100 ms',
      retryAfterMs: undefined,
    });
  });

  test('nobody there is a failure', async () => {
    const target = targetAt({ url: 'http://127.0.0.1:1/' });
    expect(await target.send(EVENT, NEVER)).toMatchObject({ kind: 'failed' });
  });

  test('being told to stop rejects: whether it arrived is not known', async () => {
    const receiver = await startReceiver();
    const stopping = new AbortController();
    receiver.answer = () => stopping.abort(new Error('stopping'));
    await expect(targetAt(receiver).send(EVENT, stopping.signal)).rejects.toThrow('stopping');
  });
});

describe('private addresses', () => {
  test.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])(
    '%s is sent nothing unless allowed',
    async (host) => {
      const receiver = await startReceiver();
      const url = receiver.url.replace('127.0.0.1', host);
      const target = targetAt({ url }, { allowPrivate: false });
      expect(await target.send(EVENT, NEVER)).toMatchObject({
        kind: 'failed',
        reason: expect.stringMatching(/not a public one/),
      });
      await expect(target.check()).rejects.toThrow(/not a public one/);
      expect(receiver.requests).toEqual([]);
      if (host !== '[::ffff:127.0.0.1]')
        expect(await targetAt({ url }).send(EVENT, NEVER)).toEqual({ kind: 'sent' });
    },
  );
});

test('the name tells targets apart, stays the same, and shows no path or query', async () => {
  const [one, same, other] = [
    'https://shop.example/hook?key=very-secret',
    'https://shop.example/hook?key=very-secret',
    'https://shop.example/other',
  ].map((url) => targetAt({ url }).name);
  expect(one).toBe(same);
  expect(one).not.toBe(other);
  expect(one).toMatch(/^webhook-shop\.example-[0-9a-f]{8}$/);
});

test('check says whether somebody answers, without an event', async () => {
  const receiver = await startReceiver();
  receiver.answer = (_request, response) => void response.writeHead(405).end();
  expect(await targetAt(receiver).check()).toMatch(/answers \(405 to HEAD\); one secret signs/);
  expect(receiver.requests.map(({ method }) => method)).toEqual(['HEAD']);
});
