import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  createWebhookSource,
  type WebhookSource,
  type WebhookSourceOptions,
} from '../../../src/events/webhook-source.js';
import { type Consumer, consume } from '../../contracts/consumer.js';
import { describeEventSource } from '../../contracts/event-source.js';
import { compileScript } from '../../support/compiled-sources.js';
import { minioNotification, minioRecord } from '../../support/minio-notification.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const BUCKET = 'uploads';
const BYTES = Buffer.from('some bytes');

function create(journalFolder: string, more: Partial<WebhookSourceOptions> = {}): WebhookSource {
  return createWebhookSource({ journalFolder, capacity: 1_000, logger: pino({ level: 'silent' }), ...more });
}

const created = (key: string, bytes: Uint8Array = BYTES) => minioNotification(BUCKET, key, bytes);

describeEventSource(
  'webhook',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clearcut-'));
    const source = create(folder);
    return {
      source,
      bucket: BUCKET,
      createObject: async (key, bytes) => {
        await source.receive(created(key, bytes));
      },
      removeObject: async (key) => {
        await source.receive(created(key, BYTES).replaceAll('ObjectCreated:Put', 'ObjectRemoved:Delete'));
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
  { nackDelayMs: 100 },
);

/** Consumes until the test ends. */
function consumeHere(source: WebhookSource): Consumer {
  const consumer = consume(source);
  onTestFinished(() => consumer.stop());
  return consumer;
}

describe('webhook source', () => {
  test('an event is on disk when it has been accepted, and until it is acked', async () => {
    const folder = await temporaryFolder();
    const source = create(folder);
    const consumer = consumeHere(source);
    expect(await source.receive(created('cat.jpg'))).toBe(1);
    const [file = ''] = await readdir(folder);
    expect(JSON.parse(await readFile(join(folder, file), 'utf8'))).toMatchObject({ key: 'cat.jpg' });
    await (await consumer.next()).nack(0);
    expect(await readdir(folder)).toEqual([file]);
    await (await consumer.next()).ack();
    expect(await readdir(folder)).toEqual([]);
  });

  test('a terminated event leaves the disk as well', async () => {
    const folder = await temporaryFolder();
    const source = create(folder);
    await source.receive(created('cat.jpg'));
    await (await consumeHere(source).next()).terminate('no image');
    expect(await readdir(folder)).toEqual([]);
  });

  test('events that came while nobody consumed are delivered', async () => {
    const source = create(await temporaryFolder());
    await source.receive(created('a.jpg'));
    const consumer = consumeHere(source);
    expect((await consumer.next()).event.key).toBe('a.jpg');
    await consumer.stop();
    await source.receive(created('b.jpg'));
    const again = consumeHere(source);
    expect([(await again.next()).event.key, (await again.next()).event.key]).toEqual(['a.jpg', 'b.jpg']);
  });

  test('a delivery can be acked after the consumer has left', async () => {
    const folder = await temporaryFolder();
    const source = create(folder);
    await source.receive(created('cat.jpg'));
    const consumer = consumeHere(source);
    const delivery = await consumer.next();
    await consumer.stop();
    await delivery.ack();
    expect(await readdir(folder)).toEqual([]);
  });

  test('a new source on the folder hands out what was not ended, in order, the newest of each object once', async () => {
    const folder = await temporaryFolder();
    const before = create(folder);
    for (const key of ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']) await before.receive(created(key));
    await before.receive(created('b.jpg', Buffer.from('another image')));
    const consumer = consumeHere(before);
    const first = await consumer.nextOf('a.jpg');
    await first.ack();
    await consumer.stop();

    const after = create(folder);
    const rest = consumeHere(after);
    const deliveries = [await rest.next(), await rest.next(), await rest.next()];
    expect(deliveries.map(({ event }) => [event.key, event.size])).toEqual([
      ['c.jpg', BYTES.length],
      ['d.jpg', BYTES.length],
      ['b.jpg', 'another image'.length],
    ]);
    for (const delivery of deliveries) await delivery.ack();
    expect(await readdir(folder)).toEqual([]);
  });

  test('an ack does not take away a newer event of the object', async () => {
    const folder = await temporaryFolder();
    const source = create(folder);
    const consumer = consumeHere(source);
    await source.receive(created('cat.jpg'));
    const older = await consumer.next();
    await source.receive(created('cat.jpg', Buffer.from('another image')));
    await older.ack();
    expect(await readdir(folder)).toHaveLength(1);
    const newer = await consumer.next();
    expect(newer.event.size).toBe('another image'.length);
    await newer.ack();
    expect(await readdir(folder)).toEqual([]);
  });

  test('of many notifications of one object at once, one file and one event remain', async () => {
    const folder = await temporaryFolder();
    const source = create(folder);
    await Promise.all(
      Array.from({ length: 40 }, (_, size) => source.receive(created('cat.jpg', Buffer.alloc(size)))),
    );
    expect(await readdir(folder)).toHaveLength(1);
    const delivery = await consumeHere(source).next();
    expect(delivery.event.size).toBe(39);
  });

  test('every record of a notification is an event; those of other objects are taken and forgotten', async () => {
    const folder = await temporaryFolder();
    const source = create(folder, { accepts: (bucket) => bucket === BUCKET });
    const Records = [
      minioRecord(BUCKET, 'a.jpg', BYTES),
      minioRecord('other', 'b.jpg', BYTES),
      minioRecord(BUCKET, 'c.jpg', BYTES),
    ];
    expect(await source.receive(JSON.stringify({ Records }))).toBe(2);
    expect(await source.receive(JSON.stringify({ Event: 's3:TestEvent' }))).toBe(0);
    expect(await readdir(folder)).toHaveLength(2);
  });

  test('while the capacity is used up senders are refused, but not for an object that waits already', async () => {
    const folder = await temporaryFolder();
    const source = create(folder, { capacity: 2 });
    await source.receive(created('a.jpg'));
    await source.receive(created('b.jpg'));
    const refusal = { code: 'EVENT_SOURCE_UNAVAILABLE', httpStatus: 503 };
    await expect(source.receive(created('c.jpg'))).rejects.toMatchObject(refusal);
    await expect(source.receive(created('a.jpg', Buffer.from('new')))).resolves.toBe(1);
    expect(source.counts()).toEqual({ pending: 2, refused: 1 });
    expect(await readdir(folder)).toHaveLength(2);
    await (await consumeHere(source).next()).ack();
    await expect(source.receive(created('c.jpg'))).resolves.toBe(1);
  });

  test('many senders at once do not get past the capacity', async () => {
    const folder = await temporaryFolder();
    const source = create(folder, { capacity: 5 });
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => source.receive(created(`${index}.jpg`))),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await readdir(folder)).toHaveLength(5);
  });

  test('what is not a notification is refused and not stored', async () => {
    const folder = await temporaryFolder();
    const source = create(folder);
    for (const body of ['', 'no JSON', '[]', '{"Records":[{"eventName":"s3:ObjectCreated:Put"}]}']) {
      await expect(source.receive(body)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test('an entry that was cut off in the middle is removed; other files are left alone', async () => {
    const folder = await temporaryFolder();
    await create(folder).receive(created('cat.jpg'));
    await writeFile(join(folder, '0000000000000000-torn.json'), '{"kind":"created","bucket":"upl');
    await writeFile(join(folder, 'README'), 'not ours');
    const consumer = consumeHere(create(folder));
    await (await consumer.next()).ack();
    expect(await readdir(folder)).toEqual(['README']);
  });

  test('a journal that cannot be opened refuses events, and works once it can', async () => {
    const folder = join(await temporaryFolder(), 'journal');
    await writeFile(folder, 'a file where the folder should be');
    const source = create(folder);
    await expect(source.receive(created('cat.jpg'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(consume(source).next()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await rm(folder);
    await mkdir(folder);
    await expect(source.receive(created('cat.jpg'))).resolves.toBe(1);
  });

  test('no accepted event is lost when the process is killed', async () => {
    const script = await compileScript('test/unit/events/processes/webhook-receiver.ts');
    onTestFinished(() => script.remove());
    const folder = await temporaryFolder();
    const child = spawn(process.execPath, [script.path, folder]);
    const closed = once(child, 'close');
    child.stdin.on('error', () => {});
    for (let index = 0; index < 400; index += 1) child.stdin.write(`${created(`${index}.jpg`)}\n`);

    const accepted = new Set<string>();
    for await (const line of createInterface({ input: child.stdout })) {
      accepted.add(JSON.parse(line).Key.slice(`${BUCKET}/`.length));
      if (accepted.size === 100) child.kill('SIGKILL');
    }
    await closed;
    expect(accepted.size).toBeGreaterThanOrEqual(100);

    const consumer = consumeHere(create(folder));
    for (const missing = new Set(accepted); missing.size > 0; ) {
      const delivery = await consumer.next();
      missing.delete(delivery.event.key);
      await delivery.ack();
    }
  });
});
