import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Config } from '../config/schema.js';
import { ClearcutError } from '../errors.js';
import { createDirectorySource } from '../events/directory-source.js';
import type { EventSource } from '../events/event-source.js';
import { createSweepSource } from '../events/sweep.js';
import { createAdmission } from '../pipeline/admission.js';
import type { Pipeline } from '../pipeline/process-object.js';
import { type Service, startService } from '../pipeline/service.js';
import { startServer } from '../server/server.js';
import { lockFolder } from '../storage/directory/lock.js';
import { createLogger, type Logger } from '../telemetry/logger.js';
import {
  acceptanceOf,
  concurrencyOf,
  imageLimitsOf,
  openEngine,
  openStore,
  placeOf,
  publicUrlOf,
} from './context.js';
import { logModelProgress } from './model-progress.js';
import { addSettings, loadSettings } from './settings-options.js';

const SECTIONS = ['storage', 'input', 'output', 'limits', 'inference', 'models', 'delivery', 'server', 'log'];

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
    const { service, failed } = started;
    await Promise.race([stopped, ...failed, service.finished]).finally(async () => {
      const graceMs = config.delivery.shutdownGrace;
      logger.info({ graceMs, ...service.counts() }, 'stopping: finishing what is in flight');
      if (!(await service.drain(graceMs))) {
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
  const { release, lost } = await claimFolder(config.storage.root, logger);
  closers.push(release);
  let publicUrl = publicUrlOf(config);
  const { store, signer } = await openStore(config, () => publicUrl);
  for (const bucket of new Set([config.input.bucket, config.output.bucket])) await store.ensureBucket(bucket);

  let service: Service | undefined;
  const server = await startServer({
    store,
    signer,
    host: config.server.host,
    port: config.server.port,
    logger,
    maxUploadBytes: config.limits.maxBytes,
    ready: () => ({ ok: service?.state() === 'running', state: service?.state() ?? 'starting' }),
  });
  closers.push(() => server.close());
  // The port may have been left to the system.
  const port = Number(new URL(server.url).port);
  publicUrl = publicUrlOf({ ...config, server: { ...config.server, port } });

  const { engine, model } = await openEngine(config, logger, logModelProgress(logger));
  closers.push(() => engine.close());

  const pipeline: Pipeline = {
    store,
    engine,
    admission: createAdmission(config.limits.memory),
    accepts: acceptanceOf(config),
    placeOf: (inputKey) => placeOf(config, inputKey),
    limits: imageLimitsOf(config),
    output: config.output,
    linkExpiresIn: Math.floor(config.server.linkExpiry / 1000),
    model: { id: model.id, variant: model.variant, side: model.input.side, device: config.inference.device },
  };
  service = startService({
    pipeline,
    sources: sourcesOf(config, pipeline, logger),
    concurrency: concurrencyOf(config),
    retry: config.delivery,
    logger,
  });
  logger.info(
    {
      uploads: `${config.storage.root}/${config.input.bucket}/${config.input.prefix}`,
      cutouts: `${config.storage.root}/${config.output.bucket}/${config.output.cutoutPrefix}`,
      server: publicUrl,
      model: `${model.id} ${model.variant}`,
      device: config.inference.device,
    },
    'ready: put images into the uploads folder',
  );
  return { service, failed: [engine.failed, lost] };
}

/** Milliseconds that a service which is just stopping on the same folder is waited for. */
const HANDOVER_TIMEOUT = 10_000;

/** Claims the folder for this process; `lost` rejects if another takes it over. Throws FOLDER_IN_USE. */
async function claimFolder(root: string, logger: Logger) {
  let lose = (_: ClearcutError): void => {};
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
  });
  // It may be lost before the service is up and anybody listens.
  lost.catch(() => {});
  const onLost = () => lose(new ClearcutError('FOLDER_IN_USE', `Another Clearcut has taken over ${root}.`));
  const deadline = performance.now() + HANDOVER_TIMEOUT;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return { release: await lockFolder(root, { onLost }), lost };
    } catch (error) {
      const inUse = error instanceof ClearcutError && error.code === 'FOLDER_IN_USE';
      if (!inUse || performance.now() > deadline) throw error;
      if (isFirst) logger.info({ reason: error.message }, 'waiting for the folder');
      await sleep(250);
    }
  }
}

function sourcesOf(config: Config, pipeline: Pipeline, logger: Logger): EventSource[] {
  const { delivery, input } = config;
  const accepts = (key: string) => pipeline.accepts(input.bucket, key);
  const watched = createDirectorySource({
    root: config.storage.root,
    bucket: input.bucket,
    settleMs: delivery.settle,
    accepts,
    usePolling: delivery.watchPolling,
    capacity: delivery.queueCapacity,
    logger,
  });
  const sweep = createSweepSource({
    store: pipeline.store,
    input: { bucket: input.bucket, prefix: input.prefix },
    placeOf: pipeline.placeOf,
    accepts,
    intervalMs: delivery.sweepInterval,
    settleMs: delivery.settle,
    capacity: delivery.queueCapacity,
    // Watched first, listed then: a file that arrives between the two would be seen by neither.
    beginAfter: watched.started,
    onSweep: (report) => logger[report.missing > 0 ? 'info' : 'debug'](report, 'swept'),
    logger,
  });
  return [watched, sweep];
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
