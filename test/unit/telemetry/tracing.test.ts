import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { EventSource } from '../../../src/events/event-source.js';
import { createLocalQueue } from '../../../src/events/local-queue.js';
import type { OutcomeListener } from '../../../src/pipeline/outcome-listener.js';
import { startService } from '../../../src/pipeline/service.js';
import { stageSpans } from '../../../src/telemetry/stage-spans.js';
import { traceparentOf, traceparentOfXRay } from '../../../src/telemetry/trace-context.js';
import { openTracing, type Tracing } from '../../../src/telemetry/tracing.js';
import { drawSubject } from '../../support/draw.js';
import { createTestPipeline, INPUT } from '../../support/pipeline.js';
import { until } from '../../support/until.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const OF_EVENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const OF_OBJECT = `00-${TRACE}-b7ad6b7169203331-01`;

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: ReadonlyArray<{ key: string; value: Record<string, unknown> }>;
}

/** A collector of OpenTelemetry over HTTP, as far as it keeps the spans that it is sent. */
async function startCollector() {
  const spans: Span[] = [];
  const resources: unknown[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      for (const { resource, scopeSpans } of (body as { resourceSpans: never[] }).resourceSpans as Array<{
        resource: unknown;
        scopeSpans: Array<{ spans: Span[] }>;
      }>) {
        resources.push(resource);
        spans.push(...scopeSpans.flatMap((scope) => scope.spans));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { spans, resources, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Cuts out one object that events with this traceparent tell of; returns what is told of its outcome. */
async function cutOut(
  tracing: Tracing,
  {
    bytes,
    metadata,
    traceparent,
  }: { bytes: Buffer; metadata?: Record<string, string>; traceparent?: string },
): Promise<string | undefined> {
  const { pipeline, store } = await createTestPipeline();
  await store.put(INPUT, 'a.png', bytes, { ...(metadata && { metadata }) });
  const queue = createLocalQueue({ source: 'test', capacity: 10 });
  const source: EventSource = {
    name: 'test',
    async *deliveries(signal) {
      for await (const delivery of queue.deliveries(signal)) yield { ...delivery, traceparent };
    },
  };
  let told: string | undefined;
  const outcomes: OutcomeListener = {
    expect: async (_news, said) => {
      told = said;
      return { stands() {}, fails: async () => {}, isUnclear: async () => {} };
    },
  };
  const service = startService({
    pipeline: { ...pipeline, outcomes },
    sources: [source],
    concurrency: 1,
    retry: { maxAttempts: 2, retryMin: 1, retryMax: 1 },
    tracer: tracing.tracer,
    logger: pino({ level: 'silent' }),
  });
  queue.push({ kind: 'created', bucket: INPUT, key: 'a.png' });
  await until(() => service.counts().results + service.counts().deadLetters === 1);
  await service.drain(5_000);
  await tracing.close();
  return told;
}

const picture = () => drawSubject({ format: 'png' });

describe('without a collector', () => {
  test('the trace of the event goes on to the news of the outcome', async () => {
    expect(await cutOut(await openTracing({}), { bytes: await picture(), traceparent: OF_EVENT })).toBe(
      OF_EVENT,
    );
  });

  test('what the object itself says goes before it', async () => {
    const metadata = { traceparent: OF_OBJECT };
    const bytes = await picture();
    expect(await cutOut(await openTracing({}), { bytes, metadata, traceparent: OF_EVENT })).toBe(OF_OBJECT);
  });

  test('nothing is made up', async () => {
    const metadata = { traceparent: 'nonsense' };
    expect(await cutOut(await openTracing({}), { bytes: await picture(), metadata })).toBeUndefined();
  });
});

describe('with a collector', () => {
  async function open() {
    const collector = await startCollector();
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
    onTestFinished(() => void vi.unstubAllEnvs());
    return { collector, tracing: await openTracing() };
  }

  test('an image is a span in the trace of its object, with a span for each stage in it', async () => {
    const { collector, tracing } = await open();
    const told = await cutOut(tracing, { bytes: await picture(), metadata: { traceparent: OF_OBJECT } });
    const image = collector.spans.find(({ name }) => name === 'clearcut image');
    expect(image).toMatchObject({ traceId: TRACE, parentSpanId: 'b7ad6b7169203331' });
    // Who is told goes on from there.
    expect(told).toBe(`00-${TRACE}-${image?.spanId}-01`);
    const stages = collector.spans.filter(({ parentSpanId }) => parentSpanId === image?.spanId);
    expect(stages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['fetch', 'decode', 'infer', 'encode', 'store']),
    );
    for (const { traceId, startTimeUnixNano, endTimeUnixNano } of stages) {
      expect(traceId).toBe(TRACE);
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    }
    expect(JSON.stringify(collector.resources)).toContain('"clearcut"');
  });

  test('a dead letter is an error with its code', async () => {
    const { collector, tracing } = await open();
    await cutOut(tracing, { bytes: Buffer.from('no picture') });
    const image = collector.spans.find(({ name }) => name === 'clearcut image');
    expect(image?.status.code).toBe(2);
    expect(image?.attributes).toContainEqual({
      key: 'error.type',
      value: { stringValue: 'FORMAT_UNSUPPORTED' },
    });
    expect(image?.parentSpanId ?? '').toBe('');
  });
});

describe('trace contexts', () => {
  test.each([
    [OF_EVENT, OF_EVENT],
    [undefined, undefined],
    ['', undefined],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, undefined],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
    [`ff-${TRACE}-00f067aa0ba902b7-01`, undefined],
    [`${OF_EVENT}\nx`, undefined],
  ])('%j is %j', (text, expected) => {
    expect(traceparentOf(text)).toBe(expected);
  });

  test.each([
    [
      'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
      '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01',
    ],
    [
      'Parent=53995c3f42cd8ad8; Root=1-5759e988-bd862e3fe1be46a994272793',
      '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00',
    ],
    ['Root=1-5759e988-bd862e3fe1be46a994272793', undefined],
    ['nonsense', undefined],
    [undefined, undefined],
  ])('of X-Ray: %s', (header, expected) => {
    expect(traceparentOfXRay(header)).toBe(expected);
  });
});

test('stages follow one another up to the end; before the first of them is the wait for memory', () => {
  const timings = { fetch: 10, decode: 20, infer: 100, store: 30, total: 200 };
  expect(stageSpans(timings, 1_000)).toEqual([
    { stage: 'fetch', start: 800, end: 810 },
    { stage: 'decode', start: 850, end: 870 },
    { stage: 'infer', start: 870, end: 970 },
    { stage: 'store', start: 970, end: 1_000 },
  ]);
});
