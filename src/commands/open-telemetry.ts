import type { Config } from '../config/schema.js';
import type { PreparedModel } from '../models/model.js';
import type { Service } from '../pipeline/service.js';
import { startMetricsServer } from '../server/metrics-server.js';
import type { MetricsPage } from '../server/server.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Watched } from '../telemetry/metrics/watch.js';
import { createMetrics, type Metrics } from '../telemetry/metrics.js';
import { openTracing, type Tracing } from '../telemetry/tracing.js';
import { VERSION } from '../version.js';
import { concurrencyOf } from './context.js';

/** What shows the service at work: metrics, where they are wanted, and traces, where a collector is. */
export interface Telemetry {
  readonly observer: Metrics['observer'] | undefined;
  readonly onBatch: Metrics['onBatch'] | undefined;
  /** The same store, with what goes through it counted. */
  meter<Store extends ObjectStore>(store: Store): Store;
  /** For the HTTP server; undefined where the metrics have a port of their own, or there are none. */
  readonly page: MetricsPage | undefined;
  readonly tracer: Tracing['tracer'];
  watch(service: Service, model: PreparedModel, parts: Omit<Watched, 'service' | 'concurrency'>): void;
  close(): Promise<void>;
}

/** Throws CONFIG_INVALID where the metrics' own port cannot be listened on. */
export async function openTelemetry(config: Config): Promise<Telemetry> {
  const { enabled, port } = config.metrics;
  const metrics = enabled ? createMetrics() : undefined;
  const ownServer =
    metrics !== undefined && port !== 0
      ? await startMetricsServer(metrics, config.server.host, port)
      : undefined;
  const tracing = await openTracing();
  return {
    observer: metrics?.observer,
    onBatch: metrics?.onBatch,
    tracer: tracing.tracer,
    meter: (store) => metrics?.meterStore(store, config.storage.kind) ?? store,
    page: ownServer === undefined ? metrics : undefined,
    watch(service, { id: model, variant }, parts) {
      metrics?.describe({ version: VERSION, device: config.inference.device, model, variant });
      metrics?.watch({
        ...parts,
        service: () => ({ inFlight: service.counts().inFlight, isReady: service.state() === 'running' }),
        concurrency: concurrencyOf(config),
      });
    },
    async close() {
      await ownServer?.close();
      await tracing.close();
    },
  };
}
