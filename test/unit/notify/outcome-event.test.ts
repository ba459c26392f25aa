import { CloudEvent } from 'cloudevents';
import { expect, test } from 'vitest';
import { eventOf, subjectOf } from '../../../src/notify/outcome-event.js';
import type { News } from '../../../src/pipeline/outcome-listener.js';
import { deadLetterNews, resultNews } from './news.js';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function parsed(news: News, traceparent?: string) {
  return new CloudEvent<Record<string, unknown>>(JSON.parse(eventOf(news, traceparent).body));
}

test('a result is a valid CloudEvent with the record as its data', () => {
  const news = resultNews();
  const event = parsed(news);
  expect(event.validate()).toBe(true);
  expect(event).toMatchObject({
    specversion: '1.0',
    type: 'clearcut.result',
    source: 'urn:clearcut:uploads',
    subject: 'a.png',
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    data: news.kind === 'result' ? news.record : {},
  });
});

test('dead letters and removed outcomes have types of their own', () => {
  expect(parsed(deadLetterNews())).toMatchObject({ type: 'clearcut.dead-letter', data: { status: 'dead' } });
  const source = { bucket: 'uploads', key: 'a.png', etag: 'e1' };
  const removed: News = {
    kind: 'removed',
    removed: { status: 'removed', source, finishedAt: '2026-01-01T00:00:00.000Z' },
  };
  expect(parsed(removed)).toMatchObject({ type: 'clearcut.removed', data: { status: 'removed', source } });
  expect(subjectOf(removed)).toEqual({ kind: 'removed', ...source });
});

test('the id is the same for every repetition, and another for every other outcome', () => {
  const id = (news: News) => eventOf(news).id;
  expect(id(resultNews())).toBe(id(resultNews()));
  expect(id(resultNews())).toMatch(/^[0-9a-f]{32}$/);
  const others = [resultNews('e2'), resultNews('e1', 'b.png'), deadLetterNews()];
  expect(new Set([resultNews(), ...others].map(id)).size).toBe(4);
});

test('a trace goes on in the event; what is no trace does not', () => {
  expect(parsed(resultNews(), TRACEPARENT)['traceparent']).toBe(TRACEPARENT);
  expect(eventOf(resultNews(), TRACEPARENT).traceparent).toBe(TRACEPARENT);
  expect(parsed(resultNews(), 'x\r\nevil: yes')['traceparent']).toBeUndefined();
  expect(parsed(resultNews())['traceparent']).toBeUndefined();
});

test('keys of any letters go through', () => {
  expect(parsed(resultNews('e1', 'Fotos/Schöne Grüße 🙂 #1?.png')).subject).toBe(
    'Fotos/Schöne Grüße 🙂 #1?.png',
  );
});
