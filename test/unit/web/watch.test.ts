import { describe, expect, it } from 'vitest';
import type { ApiBatch, ApiFile } from '../../../web/ui/contract.js';
import type { StreamEvent } from '../../../web/ui/event-stream.js';
import { Failure } from '../../../web/ui/failure.js';
import { watchBatch } from '../../../web/ui/watch.js';

const file = (key: string): ApiFile => ({ key, name: key, state: 'done' });
const event = (id: string, type: string, data: unknown = {}): StreamEvent => ({
  id,
  type,
  data: JSON.stringify(data),
});
const batch = (state: ApiBatch['state'], ...keys: string[]): ApiBatch => ({
  id: 'b',
  createdAt: '2026-01-01T00:00:00Z',
  state,
  files: keys.map(file),
});

/** Follows a batch whose streams and answers are given; an Error breaks a stream, or is thrown. */
async function watch(streams: Array<Array<StreamEvent | Error>>, answers: Array<ApiBatch | Error>) {
  const controller = new AbortController();
  const seen: string[] = [];
  const calls: string[] = [];
  await watchBatch({
    id: 'b',
    signal: controller.signal,
    api: {
      async *events(_id, lastId) {
        calls.push(`events ${lastId}`);
        for (const next of streams.shift() ?? []) {
          if (next instanceof Error) throw next;
          yield next;
        }
      },
      async batch() {
        calls.push('batch');
        const next = answers.shift();
        if (next === undefined) {
          controller.abort();
          throw new Error('nobody asks any more');
        }
        if (next instanceof Error) throw next;
        return next;
      },
    },
    onFile: ({ key }) => seen.push(key),
    onTrouble: (trouble) => seen.push(trouble === undefined ? 'well' : 'trouble'),
    pause: async () => {},
  });
  return { seen, calls };
}

describe('following a batch', () => {
  it('ends with the stream that says so', async () => {
    const { seen, calls } = await watch(
      [[event('1', 'file', file('k1')), event('2', 'batch'), event('3', 'end')]],
      [],
    );
    expect(seen.filter((what) => what !== 'well')).toEqual(['k1']);
    expect(calls).toEqual(['events ']);
  });

  it('opens a stream that broke where it broke', async () => {
    const { seen, calls } = await watch(
      [[event('7', 'file', file('k1')), new Error('cut off')], [event('8', 'end')]],
      [],
    );
    expect(calls).toEqual(['events ', 'events 7']);
    expect(seen).toEqual(['well', 'k1', 'trouble', 'well']);
  });

  it('asks again and again where no stream comes through', async () => {
    const { seen, calls } = await watch(
      [[new Error('held up')], []],
      [batch('working', 'k1'), batch('working', 'k1'), batch('finished', 'k1', 'k2')],
    );
    expect(calls).toEqual(['events ', 'events ', 'batch', 'batch', 'batch']);
    expect(seen.filter((what) => what.startsWith('k'))).toEqual(['k1', 'k1', 'k1', 'k2']);
  });

  it('goes on after an answer that failed, and says when that is over', async () => {
    const { seen } = await watch([[], []], [new Error('down'), batch('finished')]);
    expect(seen).toEqual(['trouble', 'well']);
    const later = await watch([[], []], [new Error('down'), batch('working'), batch('finished')]);
    expect(later.seen).toEqual(['trouble', 'well', 'well']);
  });

  it.each([401, 403, 404])('gives up where asking again is no use: status %i', async (status) => {
    const { seen, calls } = await watch([[new Failure('m', 'r', { status })]], []);
    expect(seen).toEqual(['trouble']);
    expect(calls).toEqual(['events ']);
  });

  it('stops when it is told to', async () => {
    const { calls } = await watch([[], []], [batch('working')]);
    expect(calls).toEqual(['events ', 'batch', 'events ', 'batch']);
  });
});
