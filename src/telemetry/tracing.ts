import type { Delivery } from '../events/event-source.js';
import type { DeliveryTrace, DeliveryTracer } from '../pipeline/service.js';
import { traceparentOf } from './trace-context.js';

export interface Tracing {
  readonly tracer: DeliveryTracer;
  /** Sends what is still to be sent, if the collector is there. */
  close(): Promise<void>;
}

/** By the variables of OpenTelemetry: with an address of a collector spans are sent there (OTLP over HTTP). */
export async function openTracing(env: NodeJS.ProcessEnv = process.env): Promise<Tracing> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_SDK_DISABLED } = env;
  const endpoint = OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!endpoint || OTEL_SDK_DISABLED === 'true') return { tracer: { begin: passOn }, close: async () => {} };
  // The SDK takes a while to load, so it is loaded only where it is used.
  const { createSpanTracing } = await import('./span-tracing.js');
  return createSpanTracing(env);
}

/** Whoever sent the object finds their own trace in the news of its outcome. */
function passOn({ traceparent }: Delivery): DeliveryTrace {
  let parent = traceparentOf(traceparent);
  return {
    objectSays(said) {
      parent = traceparentOf(said) ?? parent;
    },
    traceparent: () => parent,
    ended() {},
    failed() {},
  };
}
