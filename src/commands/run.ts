import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Config } from '../config/schema.js';
import { ClearcutError } from '../errors.js';
import { createLocalSource } from '../events/local-source.js';
import { createWebhookSource, type WebhookSource } from '../events/webhook-source.js';
import type { Pipeline } from '../pipeline/process-object.js';
import { type Service, startService } from '../pipeline/service.js';
import { startServer } from '../server/server.js';
import type { ObjectStore } from '../storage/object-store.js';
import { createLogger, type Logger } from '../telemetry/logger.js';
import { claimFolder } from './claim-folder.js';
import {
  acceptanceOf,
  concurrencyOf,
  openStore,
  pipelineOf,
  publicUrlOf,
  SERVICE_SECTIONS,
} from './context.js';
import { logModelProgress } from './model-progress.js';
import { openApi, openWorkInHand } from './open-api.js';
import { openEngine } from './open-engine.js';
import { openNotifier } from './open-notifier.js';
import { openTelemetry } from './open-telemetry.js';
import { openWebPage } from './open-web-page.js';
import { bucketsOf } from './option-policy.js';
import { openPresetEngines } from './preset-engines.js';
import { addSettings, loadSettings } from './settings-options.js';
import { openSources } from './sources.js';

const SECTIONS = [...SERVICE_SECTIONS, 'metrics', 'log'];

/** `clearcut run`: the service. */
export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('watch the input bucket and cut out every image that lands in it, until told to stop');
  addSettings(command, SECTIONS).action(async () => {
    const { config, warnings } = loadSettings(command);
    const logger = createLogger(config.log);
    for (const warning of warnings) logger.warn(warning);
    await run(config, logger);
  });
}

/** Milliseconds that a start may take to finish when the service is told to stop meanwhile. */
const START_GRACE = 10_000;

/** What was opened, to be closed in the opposite order. */
type Closers = Array<() => Promise<unknown>>;

async function run(config: Config, logger: Logger): Promise<void> {
  const closers: Closers = [];
  try {
    const stopped = stopSignal();
    const starting = start(config, logger, closers);
    const started = await Promise.race([starting, stopped]);
    if (started === 'stop') {
      // Loading a model takes seconds and must not be cut off in native code; fetching one may take minutes.
      await Promise.race([starting, sleep(START_GRACE)]);
      return;
    }
    const { service, notifier, closeSources, failed } = started;
    await Promise.race([stopped, ...failed, service.finished]).finally(async () => {
      const graceMs = config.delivery.shutdownGrace;
      logger.info({ graceMs, ...service.counts() }, 'stopping: finishing what is in flight');
      const stoppedAt = performance.now();
      const drained = await service.drain(graceMs);
      await notifier?.close(Math.max(0, graceMs - (performance.now() - stoppedAt)));
      await closeSources();
      if (!drained) {
        logger.warn('the grace period is over; what was in flight is found again at the next start');
        endNow();
      }
    });
    logger.info(service.counts(), 'stopped');
  } finally {
    for (const close of closers.reverse()) await close();
  }
  // A download that was left behind must not keep the process.
  process.exit();
}

async function start(config: Config, logger: Logger, closers: Closers) {
  // Only one service may look after a folder; buckets in S3 are shared by as many as there are.
  const isS3 = config.storage.kind === 's3';
  const claim = isS3 ? undefined : await claimFolder(config.storage.root, logger);
  if (claim !== undefined) closers.push(claim.release);
  let publicUrl = publicUrlOf(config);
  const telemetry = await openTelemetry(config);
  closers.push(telemetry.close);
  const { store: bareStore, signer } = await openStore(config, {
    publicUrl: () => publicUrl,
    onWarning: (message) => logger.warn(message),
  });
  const store = telemetry.meter(bareStore);
  for (const bucket of bucketsOf(config)) {
    await (isS3 ? canBeListed(store, bucket) : store.ensureBucket(bucket));
  }

  const accepts = acceptanceOf(config);
  const webhook = openWebhook(config, accepts, logger);
  const told = createLocalSource('api', config.delivery.queueCapacity);
  const nudge = (key: string, etag?: string) => told.tell(config.input.bucket, key, etag);
  const api = openApi({ config, store, accepts, nudge, logger });
  const inHand = openWorkInHand(config, store, logger);
  closers.push(inHand.close);
  let service: Service | undefined;
  const server = await startServer({
    store,
    signer,
    webhook: webhook && { receive: webhook.receive, token: config.events.webhookToken },
    host: config.server.host,
    port: config.server.port,
    logger,
    maxUploadBytes: config.limits.maxBytes,
    ready: () => ({ ok: service?.state() === 'running', state: service?.state() ?? 'starting' }),
    metrics: telemetry.page,
    api,
    // It can do nothing without the API.
    webPage: api && openWebPage(config, store),
  });
  closers.push(() => server.close());
  // The port may have been left to the system.
  const port = Number(new URL(server.url).port);
  publicUrl = publicUrlOf({ ...config, server: { ...config.server, port } });

  const first = await openEngine(config, logger, logModelProgress(logger), telemetry.onBatch);
  const { engine, model } = first;
  const engines = openPresetEngines({ config, first, logger, onProgress: logModelProgress(logger) });
  closers.push(engines.close);

  const notifier = await openNotifier(config, store, logger);
  const pipeline = pipelineOf(config, { store, modelFor: engines.modelFor, outcomes: notifier });
  const { sources: configured, close } = await openSources({ config, pipeline, webhook, logger });
  const sources = [...configured, told];
  service = startService({
    pipeline,
    sources,
    concurrency: concurrencyOf(config),
    retry: config.delivery,
    removeResults: config.delivery.removeResults,
    observer: telemetry.observer,
    tracer: telemetry.tracer,
    begin: ({ key }) => {
      const end = inHand.begin(key);
      return () => {
        end();
        api?.touch(key);
      };
    },
    logger,
  });
  const { admission } = pipeline;
  telemetry.watch(service, model, { engine: engine.stats, admission, sources, notifier: notifier?.counts });
  notifier?.start();
  const place = isS3 ? store.description : config.storage.root;
  logger.info(
    {
      uploads: `${place}/${config.input.bucket}/${config.input.prefix}`,
      cutouts: `${place}/${config.output.bucket}/${config.output.cutoutPrefix}`,
      server: publicUrl,
      events: configured.map(({ name }) => name).join(', '),
      model: `${model.id} ${model.variant}`,
      device: config.inference.device,
    },
    `ready: put images into the uploads ${isS3 ? 'bucket' : 'folder'}`,
  );
  return {
    service,
    notifier,
    closeSources: close,
    failed: [engine.failed, ...(claim === undefined ? [] : [claim.lost])],
  };
}

/** Rejects where the bucket does not exist or cannot be read: better at the start than at the first image. */
async function canBeListed(store: ObjectStore, bucket: string): Promise<void> {
  try {
    for await (const _ of store.list(bucket)) return;
  } catch (error) {
    if (!(error instanceof ClearcutError) || error.code !== 'BUCKET_NOT_FOUND') throw error;
    const remedy =
      'Make the buckets with: clearcut setup. Or correct CLEARCUT_INPUT_BUCKET, CLEARCUT_OUTPUT_BUCKET.';
    throw new ClearcutError('BUCKET_NOT_FOUND', error.message, { bucket, remedy, cause: error });
  }
}

function openWebhook(
  config: Config,
  accepts: Pipeline['accepts'],
  logger: Logger,
): WebhookSource | undefined {
  const { events, delivery } = config;
  if (!events.sources.includes('webhook')) return undefined;
  const { webhookJournal: journalFolder } = events;
  return createWebhookSource({ journalFolder, capacity: delivery.queueCapacity, accepts, logger });
}

/** Ends the process from outside: leaving it while a worker is inside native code would be reported as a crash. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Resolves at the first signal to stop; the second ends the process at once, as people expect of a second Ctrl+C. */
function stopSignal(): Promise<'stop'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        resolve('stop');
        process.once(signal, endNow);
      });
    }
  });
}
