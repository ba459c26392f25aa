import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Delivery, ObjectEvent, ObjectEventKind } from '../../../src/events/event-source.js';
import { createLocalQueue, type LocalQueue } from '../../../src/events/local-queue.js';

const event = (key: string, size = 0, kind: ObjectEventKind = 'created'): ObjectEvent => ({
  kind,
  bucket: 'uploads',
  key,
  size,
});

/** A consumer whose `take` says at once whether there is a delivery. */
function consumerOf(queue: LocalQueue) {
  const stopping = new AbortController();
  const iterator = queue.deliveries(stopping.signal);
  let pending: Promise<IteratorResult<Delivery, void>> | undefined;
  return {
    async take(): Promise<Delivery | undefined> {
      pending ??= iterator.next();
      const result = await Promise.race([pending, turn()]);
      if (result === undefined) return undefined;
      pending = undefined;
      return result.value ?? undefined;
    },
    async leave(): Promise<void> {
      stopping.abort();
      await (pending ?? iterator.next());
    },
    async breakOut(): Promise<void> {
      await iterator.return();
    },
  };
}

/** Lets everything happen that needs no timer. */
async function turn(): Promise<undefined> {
  for (let index = 0; index < 20; index += 1) await Promise.resolve();
  return undefined;
}

async function taken(consumer: { take(): Promise<Delivery | undefined> }): Promise<Delivery> {
  const delivery = await consumer.take();
  if (delivery === undefined) throw new Error('the queue had nothing to hand out');
  return delivery;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('local queue', () => {
  test('events of different objects come in the order they were pushed', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    for (const key of ['b', 'a', 'c']) queue.push(event(key));
    const consumer = consumerOf(queue);
    const keys = [await taken(consumer), await taken(consumer), await taken(consumer)].map(
      (delivery) => delivery.event.key,
    );
    expect(keys).toEqual(['b', 'a', 'c']);
  });

  test('what waits has the age of its oldest event, also while that one is delayed or held back', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    expect(queue.backlog()).toEqual({ waiting: 0, oldestMs: 0 });
    queue.push(event('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    queue.push(event('b'));
    await vi.advanceTimersByTimeAsync(500);
    expect(queue.backlog()).toEqual({ waiting: 2, oldestMs: 1_500 });
    const consumer = consumerOf(queue);
    const first = await taken(consumer);
    expect(queue.backlog()).toEqual({ waiting: 1, oldestMs: 500 });
    await first.nack(60_000);
    expect(queue.backlog()).toEqual({ waiting: 2, oldestMs: 1_500 });
    await taken(consumer);
    queue.push(event('b'));
    await vi.advanceTimersByTimeAsync(100);
    expect(queue.backlog()).toEqual({ waiting: 2, oldestMs: 1_600 });
  });

  test('a newer event of a waiting object replaces it, kind included, and keeps its place', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    queue.push(event('a'));
    queue.push(event('b'));
    queue.push(event('a', 7, 'removed'));
    const consumer = consumerOf(queue);
    expect((await taken(consumer)).event).toEqual(event('a', 7, 'removed'));
    expect((await taken(consumer)).event.key).toBe('b');
    expect(await consumer.take()).toBeUndefined();
  });

  test('objects of the same key in two buckets are two objects', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    queue.push(event('a'));
    queue.push({ ...event('a'), bucket: 'other' });
    expect(queue.counts().waiting).toBe(2);
  });

  test('an object that is in flight is handed out again only after that delivery ended', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const [one, two] = [consumerOf(queue), consumerOf(queue)];
    queue.push(event('a', 1));
    const first = await taken(one);
    queue.push(event('a', 2));
    expect(await two.take()).toBeUndefined();
    await first.ack();
    const second = await taken(two);
    expect(second.event.size).toBe(2);
    expect(second.attempt).toBe(1);
  });

  test('nack hands the event out again after the delay as the next attempt', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const consumer = consumerOf(queue);
    queue.push(event('a'));
    await (await taken(consumer)).nack(1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(await consumer.take()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect((await taken(consumer)).attempt).toBe(2);
  });

  test('a delay beyond what timers can take is as long as they can, not none', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const consumer = consumerOf(queue);
    queue.push(event('a'));
    await (await taken(consumer)).nack(Number.MAX_SAFE_INTEGER);
    await vi.advanceTimersByTimeAsync(24 * 60 * 60 * 1000);
    expect(await consumer.take()).toBeUndefined();
  });

  test('a newer event ends the delay and starts the attempts anew', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const consumer = consumerOf(queue);
    queue.push(event('a', 1));
    await (await taken(consumer)).nack(1_000);
    queue.push(event('a', 2));
    const delivery = await taken(consumer);
    expect([delivery.event.size, delivery.attempt]).toEqual([2, 1]);
    await delivery.ack();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await consumer.take()).toBeUndefined();
  });

  test('a nack gives way to a newer event that came meanwhile', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const consumer = consumerOf(queue);
    queue.push(event('a', 1));
    const first = await taken(consumer);
    queue.push(event('a', 2));
    await first.nack(1_000);
    const second = await taken(consumer);
    expect([second.event.size, second.attempt]).toEqual([2, 1]);
    await second.ack();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await consumer.take()).toBeUndefined();
  });

  test('only the first end of a delivery counts', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const consumer = consumerOf(queue);
    queue.push(event('a', 1));
    const first = await taken(consumer);
    await first.ack();
    queue.push(event('a', 2));
    const second = await taken(consumer);
    await first.nack(0);
    await first.terminate('late');
    queue.push(event('a', 3));
    expect(await consumer.take()).toBeUndefined();
    await second.terminate('no image');
    expect((await taken(consumer)).event.size).toBe(3);
  });

  test('what exceeds the capacity is dropped and counted, but a replacement never is', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 2 });
    expect([queue.push(event('a')), queue.push(event('b')), queue.push(event('c'))]).toEqual([
      true,
      true,
      false,
    ]);
    expect(queue.push(event('a', 9))).toBe(true);
    expect(queue.counts()).toEqual({ waiting: 2, inFlight: 0, overflowed: 1 });
  });

  test('events that are delayed or held back count as waiting', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 2 });
    const consumer = consumerOf(queue);
    queue.push(event('a'));
    queue.push(event('b'));
    await (await taken(consumer)).nack(1_000);
    await taken(consumer);
    expect(queue.push(event('b', 2))).toBe(true);
    expect(queue.counts()).toEqual({ waiting: 2, inFlight: 1, overflowed: 0 });
    expect(queue.push(event('c'))).toBe(false);
  });

  test('room is there as soon as an event was taken', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 1 });
    queue.push(event('a'));
    let roomy = false;
    const room = queue.room(new AbortController().signal).then(() => {
      roomy = true;
    });
    await turn();
    expect(roomy).toBe(false);
    await taken(consumerOf(queue));
    await room;
    expect(queue.push(event('b'))).toBe(true);
  });

  test('waiting for room ends on abort', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 1 });
    queue.push(event('a'));
    const stopping = new AbortController();
    const room = queue.room(stopping.signal);
    stopping.abort();
    await expect(room).resolves.toBeUndefined();
  });

  test('a consumer that leaves with a delivery in flight does not hold back later events of the object', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const [failing, other] = [consumerOf(queue), consumerOf(queue)];
    queue.push(event('a', 1));
    const forgotten = await taken(failing);
    queue.push(event('a', 2));
    await failing.breakOut();
    const delivery = await taken(other);
    expect(delivery.event.size).toBe(2);
    await forgotten.nack(0);
    await vi.advanceTimersByTimeAsync(10);
    expect(await other.take()).toBeUndefined();
  });

  test('the deliveries of one consumer survive that another leaves', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const [one, two] = [consumerOf(queue), consumerOf(queue)];
    queue.push(event('a'));
    const delivery = await taken(one);
    await two.leave();
    await delivery.nack(0);
    await vi.advanceTimersByTimeAsync(10);
    expect((await taken(one)).attempt).toBe(2);
  });

  test('clear forgets everything, timers included', async () => {
    const queue = createLocalQueue({ source: 'test', capacity: 10 });
    const consumer = consumerOf(queue);
    queue.push(event('a'));
    await (await taken(consumer)).nack(1_000);
    queue.push(event('b'));
    const inFlight = await taken(consumer);
    queue.clear();
    await inFlight.nack(0);
    expect(queue.counts()).toMatchObject({ waiting: 0, inFlight: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('local queue, whatever happens in whatever order', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), key }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), consumer: fc.nat(1) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        how: fc.constantFrom('ack' as const, 'nack' as const, 'terminate' as const),
        which: fc.nat(3),
        delayMs: fc.nat(50),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60) }) },
  );

  test('no two deliveries of one object are in flight, none is lost, and the last event wins', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const queue = createLocalQueue({ source: 'test', capacity: 4 });
        const consumers = [consumerOf(queue), consumerOf(queue)];
        const lastPushed = new Map<string, number>();
        const lastDelivered = new Map<string, number>();
        const inFlight = new Map<string, Delivery>();
        let version = 0;

        const received = (delivery: Delivery | undefined) => {
          if (delivery === undefined) return false;
          expect(inFlight.has(delivery.event.key)).toBe(false);
          inFlight.set(delivery.event.key, delivery);
          lastDelivered.set(delivery.event.key, delivery.event.size ?? -1);
          return true;
        };

        for (const next of steps) {
          if (next.do === 'push') {
            version += 1;
            if (queue.push(event(next.key, version))) lastPushed.set(next.key, version);
          } else if (next.do === 'take') {
            received(await consumers[next.consumer]?.take());
          } else if (next.do === 'wait') {
            await vi.advanceTimersByTimeAsync(next.ms);
          } else {
            const chosen = [...inFlight.values()][next.which];
            if (chosen === undefined) continue;
            inFlight.delete(chosen.event.key);
            if (next.how === 'ack') await chosen.ack();
            else if (next.how === 'nack') await chosen.nack(next.delayMs);
            else await chosen.terminate('never');
          }
        }

        // In the end everything is taken and acked.
        for (let idle = 0; idle < 2; ) {
          for (const delivery of inFlight.values()) await delivery.ack();
          inFlight.clear();
          await vi.advanceTimersByTimeAsync(100);
          const any = [received(await consumers[0]?.take()), received(await consumers[1]?.take())];
          idle = any.includes(true) ? 0 : idle + 1;
        }
        expect(lastDelivered).toEqual(lastPushed);
        expect(queue.counts()).toMatchObject({ waiting: 0, inFlight: 0 });
      }),
      { numRuns: 300 },
    );
  });
});
