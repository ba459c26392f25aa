import { describe, expect, it } from 'vitest';
import { Failure } from '../../../web/ui/failure.js';
import { createUploadQueue, pauseFor } from '../../../web/ui/upload-queue.js';

/** A queue whose sends end when the test says so. */
function openQueue(options: { atOnce?: number; attempts?: number } = {}) {
  const phases: string[] = [];
  const pauses: number[] = [];
  const pending = new Map<string, PromiseWithResolvers<void>>();
  const queue = createUploadQueue<string>({
    ...options,
    send: (task, signal, onProgress) => {
      const sent = deferred();
      pending.set(task, sent);
      onProgress(0.25);
      signal.addEventListener('abort', () => sent.reject(signal.reason));
      return sent.promise;
    },
    onChange: (task, state) => {
      phases.push(state.phase === 'sending' ? `${task} ${state.fraction}` : `${task} ${state.phase}`);
    },
    pause: async (ms) => void pauses.push(ms),
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  return { queue, phases, pauses, pending, settle };
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

function deferred(): PromiseWithResolvers<void> {
  let resolve = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('the queue of uploads', () => {
  it('sends a few at a time, in their order', async () => {
    const { queue, phases, pending, settle } = openQueue({ atOnce: 2 });
    for (const task of ['a', 'b', 'c']) queue.add(task);
    expect([...pending.keys()]).toEqual(['a', 'b']);
    pending.get('b')?.resolve();
    await settle();
    expect([...pending.keys()]).toEqual(['a', 'b', 'c']);
    pending.get('a')?.resolve();
    pending.get('c')?.resolve();
    await settle();
    expect(phases).toEqual([
      ...['a queued', 'a 0', 'a 0.25', 'b queued', 'b 0', 'b 0.25', 'c queued'],
      ...['b sent', 'c 0', 'c 0.25', 'a sent', 'c sent'],
    ]);
    expect(queue.busy).toBe(false);
  });

  it('tries again, after longer and longer pauses, what may work the next time', async () => {
    const { queue, phases, pauses, pending, settle } = openQueue({ attempts: 3 });
    queue.add('a');
    for (const status of [0, 503, 500]) {
      pending.get('a')?.reject(new Failure('m', 'r', { status }));
      await settle();
    }
    expect(pauses).toEqual([1000, 2000]);
    expect(phases.at(-1)).toBe('a refused');
    queue.add('a');
    pending.get('a')?.resolve();
    await settle();
    expect(phases.at(-1)).toBe('a sent');
  });

  it('does not try again what is refused for good', async () => {
    const { queue, phases, pauses, pending, settle } = openQueue();
    queue.add('a');
    pending.get('a')?.reject(new Failure('m', 'r', { status: 413 }));
    await settle();
    expect(pauses).toEqual([]);
    expect(phases.at(-1)).toBe('a refused');
  });

  it('cancels what is on its way and what waits, and goes on with the rest', async () => {
    const { queue, phases, pending, settle } = openQueue({ atOnce: 1 });
    for (const task of ['a', 'b', 'c']) queue.add(task);
    queue.cancel('b');
    queue.cancel('a');
    await settle();
    pending.get('c')?.resolve();
    await settle();
    expect(phases.filter((phase) => /cancelled|sent/.test(phase))).toEqual([
      'b cancelled',
      'a cancelled',
      'c sent',
    ]);
    expect([...pending.keys()]).toEqual(['a', 'c']);
    queue.cancel('c');
    expect(phases.at(-1)).toBe('c sent');
  });

  it('takes a task once', () => {
    const { queue, phases } = openQueue({ atOnce: 1 });
    for (const task of ['a', 'a', 'b', 'b']) queue.add(task);
    expect(phases.filter((phase) => phase.endsWith('queued'))).toEqual(['a queued', 'b queued']);
  });
});

describe('a pause', () => {
  it('ends', async () => {
    await expect(pauseFor(1, new AbortController().signal)).resolves.toBeUndefined();
  });

  it('rejects as soon as it is told to stop', async () => {
    const controller = new AbortController();
    const pause = pauseFor(1_000_000, controller.signal);
    controller.abort(new Error('stop'));
    await expect(pause).rejects.toThrow('stop');
    await expect(pauseFor(1, controller.signal)).rejects.toThrow('stop');
  });
});
