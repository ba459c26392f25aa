import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import type { EventSource } from '../../../src/events/event-source.js';
import { createLocalQueue } from '../../../src/events/local-queue.js';
import type { MatteEngine } from '../../../src/inference/engine-api.js';
import type { Pipeline } from '../../../src/pipeline/process-object.js';
import { type Service, startService } from '../../../src/pipeline/service.js';
import { drawSubject } from '../../support/draw.js';
import { createTestPipeline, INPUT, runningOn } from '../../support/pipeline.js';
import { until } from '../../support/until.js';

const RETRY = { maxAttempts: 3, retryMin: 5, retryMax: 20 };

/** The service on one local queue; `tell` is the news that an object exists. */
function serve(pipeline: Pipeline, options: { concurrency?: number; name?: string } = {}) {
  const { concurrency = 3, name = 'test' } = options;
  const queue = createLocalQueue({ source: name, capacity: 1_000 });
  const source: EventSource = { name, deliveries: (signal) => queue.deliveries(signal) };
  const logger = pino({ level: 'silent' });
  const service = startService({ pipeline, sources: [source], concurrency, retry: RETRY, logger });
  onTestFinished(async () => void (await service.drain(5_000)));
  return { service, queue, tell: (key: string) => queue.push({ kind: 'created', bucket: INPUT, key }) };
}

const settled = (service: Service) => {
  const { results, deadLetters, skipped } = service.counts();
  return results + deadLetters + skipped;
};

test('one bad image among many costs one image', async () => {
  const { pipeline, upload, outputs } = await createTestPipeline();
  const { service, tell } = serve(pipeline);
  const keys = Array.from({ length: 12 }, (_, at) => `${at}.png`);
  for (const key of keys) {
    await upload(key, key === '5.png' ? Buffer.from('no picture') : await drawSubject({ format: 'png' }));
    tell(key);
  }
  await until(() => settled(service) === 12);
  expect(service.counts()).toMatchObject({ results: 11, deadLetters: 1, inFlight: 0 });
  expect((await outputs()).filter((key) => key.startsWith('dead-letters/'))).toEqual([
    'dead-letters/5.png.json',
  ]);
});

describe('a failure that may pass', () => {
  /** The same engine, failing its first pictures. */
  function failing(engine: MatteEngine, times: number): MatteEngine {
    let left = times;
    return {
      ...engine,
      infer: (rgb) => {
        left -= 1;
        if (left >= 0) return Promise.reject(new ClearcutError('WORKER_CRASHED', 'the worker died'));
        return engine.infer(rgb);
      },
    };
  }

  test('is tried again until it succeeds', async () => {
    const { pipeline, engine, upload } = await createTestPipeline();
    const { service, tell } = serve({ ...pipeline, ...runningOn(failing(engine, 2)) });
    await upload('a.png', await drawSubject());
    tell('a.png');
    await until(() => settled(service) === 1);
    expect(service.counts()).toMatchObject({ results: 1, retries: 2, deadLetters: 0 });
  });

  test('becomes a dead letter after the last attempt', async () => {
    const { store, pipeline, engine, upload } = await createTestPipeline();
    const { service, tell } = serve({ ...pipeline, ...runningOn(failing(engine, 99)) });
    await upload('a.png', await drawSubject());
    tell('a.png');
    await until(() => settled(service) === 1);
    const { body } = await store.get('results', 'dead-letters/a.png.json');
    expect(JSON.parse(Buffer.concat(await body.toArray()).toString())).toMatchObject({
      error: { code: 'ATTEMPTS_EXHAUSTED', message: 'Gave up after 3 attempts: the worker died' },
      attempts: 3,
    });
  });

  test('of the store never becomes a dead letter, however long it lasts', async () => {
    const { store, pipeline, upload } = await createTestPipeline();
    let isDown = true;
    const { service, tell } = serve({
      ...pipeline,
      store: {
        ...store,
        put: async (...args) => {
          if (isDown) throw new ClearcutError('STORE_UNAVAILABLE', 'the disk is full');
          return store.put(...args);
        },
      },
    });
    await upload('a.png', await drawSubject());
    tell('a.png');
    await until(() => service.counts().retries > 3 * RETRY.maxAttempts);
    isDown = false;
    await until(() => settled(service) === 1);
    expect(service.counts()).toMatchObject({ results: 1, deadLetters: 0 });
  });
});

/** The same engine behind a gate: counts the pictures inside, and lets them go when told. */
function gated(engine: MatteEngine) {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const counts = { inside: 0, most: 0 };
  const behindGate: MatteEngine = {
    ...engine,
    async infer(rgb) {
      counts.inside += 1;
      counts.most = Math.max(counts.most, counts.inside);
      await gate;
      counts.inside -= 1;
      return engine.infer(rgb);
    },
  };
  return { engine: behindGate, counts, open: () => open() };
}

test('no more images are in flight than configured, and the others wait in their source', async () => {
  const { pipeline, engine, upload } = await createTestPipeline();
  const gate = gated(engine);
  const { service, queue, tell } = serve({ ...pipeline, ...runningOn(gate.engine) }, { concurrency: 2 });
  for (let at = 0; at < 9; at++) {
    await upload(`${at}.png`, await drawSubject());
    tell(`${at}.png`);
  }
  await until(() => gate.counts.inside === 2);
  expect(queue.counts().waiting).toBeGreaterThanOrEqual(6);
  gate.open();
  await until(() => settled(service) === 9);
  expect(gate.counts.most).toBe(2);
});

test('two sources that tell of one object at once cause one inference', async () => {
  const { pipeline, engine, upload } = await createTestPipeline();
  const queues = ['one', 'two'].map((source) => createLocalQueue({ source, capacity: 10 }));
  const service = startService({
    pipeline,
    sources: queues.map((queue, at) => ({ name: `${at}`, deliveries: (signal) => queue.deliveries(signal) })),
    concurrency: 4,
    retry: RETRY,
    logger: pino({ level: 'silent' }),
  });
  await upload('a.png', await drawSubject());
  for (const queue of queues) queue.push({ kind: 'created', bucket: INPUT, key: 'a.png' });
  await until(() => settled(service) === 2);
  expect(service.counts()).toMatchObject({ results: 1, skipped: 1 });
  expect(engine.stats().pictures).toBe(1);
  expect(await service.drain(5_000)).toBe(true);
});

test('a delivery keeps its lease from the moment it is taken, also while it waits for its turn', async () => {
  const { pipeline, engine, upload } = await createTestPipeline();
  const gate = gated(engine);
  const queue = createLocalQueue({ source: 'test', capacity: 10 });
  const extended = new Set<string>();
  async function* deliveries(signal: AbortSignal) {
    for await (const delivery of queue.deliveries(signal)) {
      yield { ...delivery, extend: async () => void extended.add(delivery.event.key) };
    }
  }
  const service = startService({
    pipeline: { ...pipeline, ...runningOn(gate.engine) },
    sources: [{ name: 'test', deliveries }],
    concurrency: 1,
    retry: RETRY,
    logger: pino({ level: 'silent' }),
    heartbeat: 5,
  });
  onTestFinished(async () => void (await service.drain(5_000)));
  for (const key of ['working.png', 'waiting.png']) {
    await upload(key, await drawSubject());
    queue.push({ kind: 'created', bucket: INPUT, key });
  }
  await until(() => extended.size === 2);
  expect(gate.counts.inside).toBeLessThanOrEqual(1);
  gate.open();
  await until(() => settled(service) === 2);
});

describe('draining', () => {
  test('finishes what is in flight and takes nothing more', async () => {
    const { pipeline, engine, upload } = await createTestPipeline();
    const gate = gated(engine);
    const { service, tell } = serve({ ...pipeline, ...runningOn(gate.engine) }, { concurrency: 1 });
    for (const key of ['a.png', 'b.png', 'c.png']) {
      await upload(key, await drawSubject());
      tell(key);
    }
    await until(() => gate.counts.inside === 1);
    const drained = service.drain(10_000);
    expect(service.state()).toBe('draining');
    gate.open();
    expect(await drained).toBe(true);
    expect(service.state()).toBe('drained');
    // The one at work, and the one that was already taken from the source behind it.
    expect(service.counts().results).toBeLessThanOrEqual(2);
  });

  test('gives up when the grace period is over', async () => {
    const { pipeline, engine, upload } = await createTestPipeline();
    const gate = gated(engine);
    const { service, tell } = serve({ ...pipeline, ...runningOn(gate.engine) });
    await upload('a.png', await drawSubject());
    tell('a.png');
    await until(() => gate.counts.inside === 1);
    expect(await service.drain(20)).toBe(false);
    gate.open();
  });
});

test('a source that fails for good fails the service', async () => {
  const { pipeline } = await createTestPipeline();
  const broken: EventSource = {
    name: 'broken',
    // biome-ignore lint/correctness/useYield: it fails before it has anything to give
    async *deliveries() {
      throw new ClearcutError('STORE_UNAVAILABLE', 'the broker is gone');
    },
  };
  const logger = pino({ level: 'silent' });
  const service = startService({ pipeline, sources: [broken], concurrency: 1, retry: RETRY, logger });
  await expect(service.finished).rejects.toMatchObject({ message: 'the broker is gone' });
  expect(service.state()).toBe('failed');
});
