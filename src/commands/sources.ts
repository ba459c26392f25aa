import type { Config } from '../config/schema.js';
import { createDirectorySource } from '../events/directory-source.js';
import type { EventSource } from '../events/event-source.js';
import { createSweepSource, type SweepSource } from '../events/sweep.js';
import type { Pipeline } from '../pipeline/process-object.js';
import type { Logger } from '../telemetry/logger.js';
import { natsServersOf, staticCredentialsOf } from './event-settings.js';

export interface SourcesOptions {
  readonly config: Config;
  readonly pipeline: Pick<Pipeline, 'store' | 'accepts' | 'placeOf'>;
  /** The webhook's source, where it is configured: its route is part of the HTTP server. */
  readonly webhook: EventSource | undefined;
  readonly logger: Logger;
}

export interface OpenedSources {
  readonly sources: readonly EventSource[];
  /** Gives back what is still in flight. Call it after the service has drained, or has given up draining. */
  close(): Promise<void>;
}

/** One kind of source, as far as the service has to know more of it than its deliveries. */
interface Opened {
  readonly source: EventSource;
  /** Resolves when it tells of everything new. */
  readonly started?: Promise<void>;
  readonly close?: () => Promise<void>;
}

/**
 * The sources that the configuration names, and the sweep that makes good what they never told. The clients of the
 * brokers take a while to load, so each is loaded only where it is used.
 */
export async function openSources(options: SourcesOptions): Promise<OpenedSources> {
  const { config } = options;
  let sweep: SweepSource | undefined;
  // The sweep that fails has logged it; the next one comes in any case.
  const onGap = () => void sweep?.sweepNow().catch(() => {});
  const opened = await Promise.all(sourceKindsOf(config).map((kind) => openSource(kind, onGap, options)));
  // Told of first, listed then: what arrives between the two would be seen by neither.
  sweep = createSweep(options, Promise.all(opened.map(({ started }) => started)));
  return {
    sources: [...opened.map(({ source }) => source), sweep],
    close: async () => {
      await Promise.all(opened.map(({ close }) => close?.()));
    },
  };
}

type SourceKind = Config['events']['sources'][number];

function sourceKindsOf({ storage, events }: Config): readonly SourceKind[] {
  if (events.sources.length > 0) return [...new Set(events.sources)];
  return storage.kind === 'directory' ? ['directory'] : [];
}

async function openSource(kind: SourceKind, onGap: () => void, options: SourcesOptions): Promise<Opened> {
  const { config, pipeline, webhook, logger } = options;
  const { input, events, delivery, s3 } = config;
  const accepts = (key: string) => pipeline.accepts(input.bucket, key);
  switch (kind) {
    case 'directory': {
      const source = createDirectorySource({
        root: config.storage.root,
        bucket: input.bucket,
        settleMs: delivery.settle,
        accepts,
        usePolling: delivery.watchPolling,
        capacity: delivery.queueCapacity,
        logger,
      });
      return { source, started: source.started };
    }
    case 'minio-listen': {
      const { createMinioListenSource } = await import('../events/minio-listen-source.js');
      const { listenOptionsOf } = await import('./listen-options.js');
      const source = createMinioListenSource({
        ...(await listenOptionsOf(config)),
        accepts,
        capacity: delivery.queueCapacity,
        onGap,
        logger,
      });
      return { source, started: source.started };
    }
    case 'nats': {
      const { createNatsSource } = await import('../events/nats-source.js');
      const source = createNatsSource({
        servers: natsServersOf(config),
        subject: events.natsSubject,
        stream: events.natsStream,
        consumer: events.natsConsumer,
        credentials: events.natsCredentials || undefined,
        logger,
      });
      return { source, started: source.started, close: source.close };
    }
    case 'sqs': {
      const credentials = staticCredentialsOf(config);
      const { createSqsSource } = await import('../events/sqs-source.js');
      const source = createSqsSource({
        queueUrl: events.sqsUrl,
        endpoint: new URL(events.sqsUrl).origin,
        region: s3.region,
        ...(credentials !== undefined && { credentials }),
        logger,
      });
      return { source };
    }
    case 'webhook': {
      if (webhook === undefined) throw new TypeError('The webhook source was not opened before the server.');
      return { source: webhook };
    }
  }
}

function createSweep(
  { config, pipeline, logger }: SourcesOptions,
  beginAfter: Promise<unknown>,
): SweepSource {
  const { input, delivery, storage } = config;
  const isS3 = storage.kind === 's3';
  return createSweepSource({
    store: pipeline.store,
    input: { bucket: input.bucket, prefix: input.prefix },
    placeOf: pipeline.placeOf,
    accepts: (key) => pipeline.accepts(input.bucket, key),
    intervalMs: delivery.sweepInterval,
    // An object in S3 is never seen in part.
    settleMs: isS3 ? 0 : delivery.settle,
    capacity: delivery.queueCapacity,
    isShared: isS3,
    beginAfter,
    onSweep: (report) => logger[report.missing > 0 ? 'info' : 'debug'](report, 'swept'),
    logger,
  });
}
