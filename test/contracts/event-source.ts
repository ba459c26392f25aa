import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventSource } from '../../src/events/event-source.js';
import { type Consumer, consume } from './consumer.js';

/** A source on a fresh, empty bucket. */
export interface EventSourceFixture {
  readonly source: EventSource;
  readonly bucket: string;
  /** Resolves when events are told of, once somebody consumes. */
  readonly started?: Promise<void>;
  createObject(key: string, bytes: Uint8Array): Promise<void>;
  /** For the sources that tell of removed objects. */
  removeObject?(key: string): Promise<void>;
  close(): Promise<void>;
}

export interface EventSourceCapabilities {
  /** Delay of the nacks in this suite: a multiple of what the broker can measure. Default: 300 ms. */
  readonly nackDelayMs?: number;
  /** Keys that the store behind cannot hold are left out. Default: all can be held. */
  readonly holdsKey?: (key: string) => boolean;
}

const KEYS = {
  'a plain key': 'cat.jpg',
  'a key in subfolders': 'animals/cats/cat.jpg',
  'a key with spaces': 'a cat/my cat 1.jpg',
  'a key with +': 'a+b.jpg',
  'a key with %': '100%.jpg',
  'a key with %2F': 'a%2Fb%20c.jpg',
  'a key with &, = and ?': 'a&b=c?d#e.jpg',
  'a key with umlauts, composed (NFC)': 'B\u00e4r.jpg',
  'a key with umlauts, decomposed (NFD)': 'Ba\u0308r.jpg',
  'a key with emoji': '\u{1f408}\u200d\u2b1b.jpg',
};

const BYTES = Buffer.from('not really an image');

/** What every EventSource does. */
export function describeEventSource(
  name: string,
  create: () => Promise<EventSourceFixture>,
  { nackDelayMs = 300, holdsKey = () => true }: EventSourceCapabilities = {},
): void {
  describe(`event source: ${name}`, () => {
    let fixture: EventSourceFixture;
    let consumer: Consumer;

    beforeEach(async () => {
      fixture = await create();
      consumer = consume(fixture.source);
      await fixture.started;
    });

    afterEach(async () => {
      await consumer.stop();
      await fixture.close();
    });

    /**
     * When this resolves, a delivery that should not come again has had its time: an object created later was handed
     * out, given back, and handed out once more.
     */
    async function timeForRedelivery(): Promise<void> {
      await fixture.createObject('sentinel.jpg', BYTES);
      const first = await consumer.nextOf('sentinel.jpg');
      await first.nack(nackDelayMs);
      const second = await consumer.nextOf('sentinel.jpg');
      await second.ack();
    }

    test.each(Object.entries(KEYS).filter(([, key]) => holdsKey(key)))(
      '%s arrives as it was written, in one delivery',
      async (_what, key) => {
        await fixture.createObject(key, BYTES);
        const delivery = await consumer.next();
        expect(delivery.event).toMatchObject({ kind: 'created', bucket: fixture.bucket, key });
        expect(delivery.attempt).toBe(1);
        expect(delivery.source).toBe(fixture.source.name);
        await delivery.ack();
        await timeForRedelivery();
        expect(consumer.seen.filter((seen) => seen === key)).toEqual([key]);
      },
    );

    test('a size or ETag that an event carries is that of the object', async () => {
      await fixture.createObject('cat.jpg', BYTES);
      const { event } = await consumer.next();
      expect(event.size ?? BYTES.length).toBe(BYTES.length);
      expect(event.etag ?? 'none').not.toMatch(/^"/);
    });

    test('nack hands the event out again as attempt 2, not before the delay', async () => {
      await fixture.createObject('cat.jpg', BYTES);
      const first = await consumer.next();
      const nackedAt = performance.now();
      await first.nack(nackDelayMs);
      const second = await consumer.nextOf('cat.jpg');
      // Timers may fire a millisecond early.
      expect(performance.now() - nackedAt).toBeGreaterThanOrEqual(nackDelayMs - 2);
      expect(second.attempt).toBe(2);
      expect(second.event).toMatchObject({ kind: 'created', key: 'cat.jpg' });
    });

    test('terminate ends the event for good', async () => {
      await fixture.createObject('cat.jpg', BYTES);
      const delivery = await consumer.next();
      await delivery.terminate('it is not an image');
      await timeForRedelivery();
      expect(consumer.seen.filter((seen) => seen === 'cat.jpg')).toHaveLength(1);
    });

    test('only the first of ack, nack and terminate counts', async () => {
      await fixture.createObject('cat.jpg', BYTES);
      const delivery = await consumer.next();
      await delivery.ack();
      await delivery.nack(0);
      await delivery.terminate('too late');
      await timeForRedelivery();
      expect(consumer.seen.filter((seen) => seen === 'cat.jpg')).toHaveLength(1);
    });

    test('a delivery that is extended can still be acked', async () => {
      await fixture.createObject('cat.jpg', BYTES);
      const delivery = await consumer.next();
      await delivery.extend();
      await delivery.ack();
      await timeForRedelivery();
      expect(consumer.seen.filter((seen) => seen === 'cat.jpg')).toHaveLength(1);
    });

    test('an object written anew is delivered anew', async () => {
      await fixture.createObject('cat.jpg', BYTES);
      await (await consumer.nextOf('cat.jpg')).ack();
      await fixture.createObject('cat.jpg', Buffer.from('another image'));
      const again = await consumer.nextOf('cat.jpg');
      expect(again.event.kind).toBe('created');
    });

    test('two objects can be in flight at once', async () => {
      await fixture.createObject('a.jpg', BYTES);
      const first = await consumer.next();
      await fixture.createObject('b.jpg', BYTES);
      const second = await consumer.nextOf('b.jpg');
      await first.ack();
      await second.ack();
    });

    test('nothing is lost when many objects are created faster than they are taken', async () => {
      const keys = Array.from({ length: 50 }, (_, index) => `burst/${index}.jpg`);
      await Promise.all(keys.map((key) => fixture.createObject(key, BYTES)));
      const missing = new Set(keys);
      while (missing.size > 0) {
        const delivery = await consumer.next();
        missing.delete(delivery.event.key);
        await delivery.ack();
      }
    });

    test('a removed object is told of where the source can', async ({ skip }) => {
      const { removeObject } = fixture;
      if (removeObject === undefined) return skip('this source tells of created objects only');
      await fixture.createObject('cat.jpg', BYTES);
      await (await consumer.nextOf('cat.jpg')).ack();
      await removeObject('cat.jpg');
      const removal = await consumer.nextOf('cat.jpg');
      expect(removal.event).toMatchObject({ kind: 'removed', bucket: fixture.bucket, key: 'cat.jpg' });
    });

    test('an abort while waiting ends the iteration without an error', async () => {
      await expect(consumer.stop()).resolves.toBeUndefined();
    });

    test('an abort with a delivery in flight ends the iteration, and ending that delivery later does no harm', async () => {
      await fixture.createObject('cat.jpg', BYTES);
      const delivery = await consumer.next();
      await consumer.stop();
      await expect(delivery.extend()).resolves.toBeUndefined();
      await expect(delivery.ack()).resolves.toBeUndefined();
    });

    test('consuming can begin again after an abort', async () => {
      await consumer.stop();
      consumer = consume(fixture.source);
      const arrival = consumer.nextOf('cat.jpg');
      // No source says when it is ready the second time, so the object is written until it is told of.
      for (let attempt = 1, told = false; !told; attempt += 1) {
        await fixture.createObject('cat.jpg', Buffer.from(`attempt ${attempt}`));
        told = await Promise.race([arrival.then(() => true), sleep(3 * nackDelayMs, false, { ref: false })]);
      }
    });
  });
}
