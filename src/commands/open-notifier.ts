import type { Config } from '../config/schema.js';
import type { Notifier } from '../notify/notifier.js';
import type { ObjectStore } from '../storage/object-store.js';
import type { Logger } from '../telemetry/logger.js';
import { placeOf } from './context.js';
import { hasTargets, openTargets } from './notify-targets.js';

/** Whoever tells the configured targets of outcomes; undefined where there are none, and nothing is kept for them. */
export async function openNotifier(
  config: Config,
  store: ObjectStore,
  logger: Logger,
): Promise<Notifier | undefined> {
  if (!hasTargets(config)) return undefined;
  const { createNotifier } = await import('../notify/notifier.js');
  return createNotifier({
    store,
    bucket: config.output.bucket,
    prefix: config.notify.prefix,
    targets: await openTargets(config, logger),
    pauses: config.notify.retries,
    intervalMs: config.delivery.sweepInterval,
    isShared: config.storage.kind === 's3',
    placeOf: (inputKey) => placeOf(config, inputKey),
    logger,
  });
}
