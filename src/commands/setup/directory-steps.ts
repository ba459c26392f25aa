import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/schema.js';
import { systemCodeOf } from '../../errors.js';
import { openStore } from '../context.js';
import { bucketsOf } from '../option-policy.js';
import type { Plan, Step } from './step.js';

/** The folders of the buckets below the root. */
export function directorySteps(config: Config): Step[] {
  const { root } = config.storage;
  return bucketsOf(config).map((bucket) => ({
    name: `bucket ${bucket}`,
    async plan(): Promise<Plan> {
      const folder = join(root, bucket);
      if (await isFolder(folder)) return { state: 'unchanged', detail: folder };
      const apply = async () => {
        // The store is opened here and not before: opening makes folders of its own.
        const { store } = await openStore(config);
        await store.ensureBucket(bucket);
      };
      return { state: 'missing', detail: folder, apply };
    },
  }));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
