import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Delivery } from '../events/event-source.js';
import type { Outcome } from '../pipeline/process-object.js';
import type { DeliveryTrace } from '../pipeline/service.js';
import { VERSION } from '../version.js';
import { stageSpans } from './stage-spans.js';
import { traceparentOf } from './trace-context.js';
import type { Tracing } from './tracing.js';

/** Milliseconds that the last spans may take to be sent. */
const CLOSE_TIMEOUT = 3_000;

/** A span for each attempt at an object, and in it one for each stage; sampled as OTEL_TRACES_SAMPLER says. */
export function createSpanTracing(env: NodeJS.ProcessEnv): Tracing {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': env['OTEL_SERVICE_NAME'] || 'clearcut',
      'service.version': VERSION,
    }),
    // The address, headers and the rest are read from the environment.
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
    forceFlushTimeoutMillis: CLOSE_TIMEOUT,
  });
  const tracer = provider.getTracer('clearcut', VERSION);

  function begin(delivery: Delivery): DeliveryTrace {
    const startTime = Date.now();
    let parent = traceparentOf(delivery.traceparent);
    let span: Span | undefined;

    /** Begun when it is known what it is part of, which only the object may tell. */
    function own(): Span {
      const { event, source, attempt } = delivery;
      span ??= tracer.startSpan(
        'clearcut image',
        {
          kind: SpanKind.CONSUMER,
          startTime,
          attributes: {
            'clearcut.bucket': event.bucket,
            'clearcut.key': event.key,
            'clearcut.event': event.kind,
            'clearcut.source': source,
            'clearcut.attempt': attempt,
          },
        },
        contextOf(parent),
      );
      return span;
    }

    return {
      objectSays(said) {
        parent = traceparentOf(said) ?? parent;
      },
      traceparent() {
        const { traceId, spanId, traceFlags } = own().spanContext();
        return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
      },
      ended(outcome) {
        // Most are what the sweep or a second event tells of again.
        if (outcome.kind === 'skipped' && span === undefined) return;
        addStages(outcome, own());
        own().setAttribute('clearcut.outcome', outcome.kind);
        if (outcome.kind === 'dead-letter') {
          const { code, message } = outcome.deadLetter.error;
          own().setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR, message });
        }
        own().end();
      },
      failed({ code, message }) {
        own().setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR, message });
        own().end();
      },
    };
  }

  function addStages(outcome: Outcome, span: Span): void {
    if (outcome.kind !== 'result') return;
    const context = trace.setSpan(ROOT_CONTEXT, span);
    const { timings, finishedAt } = outcome.record;
    for (const { stage, start, end } of stageSpans(timings, Date.parse(finishedAt)))
      tracer.startSpan(stage, { startTime: start }, context).end(end);
  }

  return { tracer: { begin }, close: () => provider.shutdown().catch(() => {}) };
}

function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = traceparent?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16);
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
