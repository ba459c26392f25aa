import { expect, it } from 'vitest';
import { createLocalSource } from '../../../src/events/local-source.js';

it('hands out what it is told, also what it was told before anybody listened, until the signal', async () => {
  const source = createLocalSource('api', 10);
  source.tell('uploads', 'early.png');
  const stopping = new AbortController();
  const deliveries = source.deliveries(stopping.signal)[Symbol.asyncIterator]();
  const early = await deliveries.next();
  expect(early.value).toMatchObject({
    source: 'api',
    attempt: 1,
    event: { kind: 'created', bucket: 'uploads', key: 'early.png' },
  });
  source.tell('uploads', 'late.png', 'etag');
  const late = await deliveries.next();
  expect(late.value?.event).toEqual({ kind: 'created', bucket: 'uploads', key: 'late.png', etag: 'etag' });
  stopping.abort();
  expect((await deliveries.next()).done).toBe(true);
});

it('forgets what is beyond its capacity, without a word', async () => {
  const source = createLocalSource('api', 2);
  for (const key of ['a', 'b', 'c']) source.tell('uploads', key);
  expect(await source.backlog?.()).toMatchObject({ waiting: 2 });
});
