import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { createWorkInHand } from '../../../../src/batches/work-in-hand.js';
import { OUTPUT } from '../../../support/pipeline.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import {
  announce,
  problemIn,
  type ServedApi,
  serveApi,
  settleAsDead,
  settleAsResult,
  upload,
} from './serve-api.js';

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** The stream's events, read on for as long as they are asked for. */
async function open({ call }: ServedApi, path: string, lastEventId?: string) {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const response = await call(path, {
    signal: leaving.signal,
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events = parse(response);
  return {
    /** Events up to the one that is wanted, with it. */
    async until(
      name: string,
      isIt: (data: Record<string, unknown>) => boolean = () => true,
    ): Promise<Event[]> {
      const seen: Event[] = [];
      for (;;) {
        const { value, done } = await events.next();
        if (done) return seen;
        seen.push(value);
        if (value.event === name && isIt(value.data)) return seen;
      }
    },
    leave: () => leaving.abort(),
  };
}

async function* parse(response: Response): AsyncGenerator<Event, void> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s)));
      if (fields['event'] !== undefined)
        yield { event: fields['event'], id: fields['id'] ?? '', data: JSON.parse(fields['data'] ?? '') };
    }
  }
}

const namesOf = (events: readonly Event[]) =>
  events.map(({ event, data }) => [event, data['name'], data['state']]);

it('tells of each change, and of the end', async () => {
  const api = await serveApi();
  const { batch, files } = await announce(api, [{ name: 'a' }, { name: 'b' }]);
  const stream = await open(api, `/batches/${batch}/events`);
  expect(namesOf(await stream.until('batch'))).toEqual([
    ['file', 'a', 'waiting'],
    ['file', 'b', 'waiting'],
    ['batch', undefined, 'waiting'],
  ]);
  await upload(files[0], 'a');
  expect(namesOf(await stream.until('batch'))).toEqual([
    ['file', 'a', 'pending'],
    ['batch', undefined, 'working'],
  ]);
  await upload(files[1], 'b');
  await settleAsResult(api.store, files[0]?.key ?? '');
  await settleAsDead(api.store, files[1]?.key ?? '');
  const rest = await stream.until('end');
  expect(rest.at(-2)).toMatchObject({
    event: 'batch',
    data: { state: 'finished', counts: { done: 1, failed: 1 } },
  });
  expect(await stream.until('nothing more')).toEqual([]);
});

it('leaves out what the client has seen, whichever process it comes back to', async () => {
  const root = await temporaryFolder();
  const [one, other] = [await serveApi({ root }), await serveApi({ root })];
  const { batch, files } = await announce(one, [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  const stream = await open(one, `/batches/${batch}/events`);
  const seen = (await stream.until('batch')).at(-1)?.id ?? '';
  stream.leave();
  await upload(files[1], 'b');
  const resumed = await open(other, `/batches/${batch}/events`, seen);
  expect(namesOf(await resumed.until('batch'))).toEqual([
    ['file', 'b', 'pending'],
    ['batch', undefined, 'working'],
  ]);
});

it('tells a client that has seen the end not to come again', async () => {
  const api = await serveApi();
  const { batch, files } = await announce(api, [{ name: 'a' }]);
  await upload(files[0], 'a');
  await settleAsResult(api.store, files[0]?.key ?? '');
  const events = await (await open(api, `/batches/${batch}/events`)).until('end');
  const again = await api.call(`/batches/${batch}/events`, {
    headers: { 'last-event-id': events.at(-1)?.id ?? '' },
  });
  expect(again.status).toBe(204);
  // What was no id of ours is as none.
  await (await open(api, `/batches/${batch}/events`, 'nonsense')).until('end');
});

it('tells of one object', async () => {
  const api = await serveApi();
  await api.store.put('uploads', 'x/y.png', Buffer.from('y'));
  const stream = await open(api, '/objects/events?key=x%2Fy.png');
  expect(namesOf(await stream.until('file'))).toEqual([['file', 'y.png', 'pending']]);
  await settleAsResult(api.store, 'x/y.png');
  expect(namesOf(await stream.until('end'))).toEqual([
    ['file', 'y.png', 'done'],
    ['end', undefined, undefined],
  ]);
});

it('answers a problem where there is nothing to tell of', async () => {
  const api = await serveApi();
  await problemIn(await api.call(`/batches/${'a'.repeat(26)}/events`), 404);
  await problemIn(await api.call('/objects/events?key=absent'), 404);
});

it('looks once for all who listen, and no more when they have gone', async () => {
  let looks = 0;
  const api = await serveApi({
    through: (store) => ({
      ...store,
      list: (bucket, options) => {
        if (bucket === 'uploads') looks += 1;
        return store.list(bucket, options);
      },
    }),
  });
  const { batch } = await announce(api, [{ name: 'a' }]);
  const streams = await Promise.all(Array.from({ length: 50 }, () => open(api, `/batches/${batch}/events`)));
  for (const stream of streams) await stream.until('batch');
  looks = 0;
  // Fifty for each round if each stream looked for itself.
  await expect.poll(() => looks).toBeGreaterThan(2);
  expect(looks).toBeLessThan(50);
  for (const { leave } of streams) leave();
  await expect
    .poll(async () => {
      looks = 0;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return looks;
    })
    .toBe(0);
});

it('shows what a worker says that it has in hand, until it says otherwise', async () => {
  const api = await serveApi();
  const { areas } = api.context;
  const { batch, files } = await announce(api, [{ name: 'a' }, { name: 'b' }]);
  const [key = ''] = files.map((file) => file.key);
  await upload(files[0], 'a');
  const worker = createWorkInHand({
    store: api.store,
    bucket: OUTPUT,
    objectKey: `${areas.workersFolder}one.json`,
    isAskedFor: areas.isUpload,
    logger: pino({ level: 'silent' }),
    pauseMs: 10,
  });
  const end = worker.begin(key);
  worker.begin('of nobody who asks.png');
  const stream = await open(api, `/batches/${batch}/events`);
  await stream.until('file', ({ name, state }) => name === 'a' && state === 'processing');
  end();
  await stream.until('file', ({ name, state }) => name === 'a' && state === 'pending');
  await worker.close();
  for await (const { key } of api.store.list(OUTPUT, { prefix: areas.workersFolder }))
    expect.fail(`${key} is left`);
});

it('ends when the server stops, long before its grace is over', async () => {
  const api = await serveApi();
  const { batch } = await announce(api, [{ name: 'a' }]);
  const stream = await open(api, `/batches/${batch}/events`);
  await stream.until('batch');
  await api.close();
  expect(await stream.until('nothing more')).toEqual([]);
});
