import type { Config } from '../../config/schema.js';
import { ClearcutError, messageOf } from '../../errors.js';
import type { Target } from '../../notify/target.js';
import { createLogger } from '../../telemetry/logger.js';
import { openTargets } from '../notify-targets.js';
import { type Check, check } from './check.js';

/** Whether each target of the events that go out can be reached. */
export async function notifyChecks(config: Config): Promise<Check[]> {
  const targets = await openTargets(config, createLogger({ level: 'silent', format: 'json' }));
  return Promise.all(
    targets.map(async (target) => {
      try {
        return await check(`events to ${target.name}`, () => examine(target));
      } finally {
        await target.close();
      }
    }),
  );
}

async function examine(target: Target): Promise<string> {
  try {
    return await target.check();
  } catch (cause) {
    throw new ClearcutError('TARGET_UNAVAILABLE', `${target.name} cannot be told: ${messageOf(cause)}`, {
      cause,
    });
  }
}
