import { setTimeout as sleep } from 'node:timers/promises';
import { ClearcutError } from '../errors.js';
import { lockFolder } from '../storage/directory/lock.js';
import type { Logger } from '../telemetry/logger.js';

/** Milliseconds that a service which is just stopping on the same folder is waited for. */
const HANDOVER_TIMEOUT = 10_000;

/** Claims the folder for this process; `lost` rejects if another takes it over. Throws FOLDER_IN_USE. */
export async function claimFolder(root: string, logger: Logger) {
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
